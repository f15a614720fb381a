// The layer suite over the redis layer on real servers: one, a cluster, a master that sentinels know, and one behind a line
// that fails.
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Layer } from '../../src/layers/layer.ts';
import { redisLayer } from '../../src/layers/redis/index.ts';
import { ORIGIN } from '../../src/model/position.ts';
import { realRuntime } from '../../src/runtime/real.ts';
import { redisCluster, Sentinel } from '../support/redis-groups.ts';
import { redisSuite, RedisServer } from '../support/redis.ts';
import { Line } from '../support/line.ts';
import { layerConformance, type LayerSubject, type LayerUnderTest, type TestJournal } from './layer.ts';

const suite = await redisSuite();
const PATIENCE_MS = 5_000;
const FAULTS = ['cut', 'cut in the middle', 'answer lost'] as const;
let layers = 0;

/** A place of its own on the servers for each test, which `another` daemon shares. */
function subjectOf(options: () => object, wrap: (layer: Layer) => Layer = (layer) => layer): LayerSubject['open'] {
  return (first, limits) => {
    const name = `l${++layers}`;
    const open = async (authority: TestJournal): Promise<LayerUnderTest> => {
      const given = redisLayer.options.parse({ timeout: 2_000, ...options(), ...limits });
      const context = { name, runtime: realRuntime(), startAt: ORIGIN, authority };
      const layer = wrap(await redisLayer.open(context, given));
      return {
        layer,
        fill: async (loaded) => (await layer.shared?.fill({ ...loaded, ahead: false })) === 'stored',
        find: async (namespace, key) => {
          const hit = await layer.shared?.get(namespace, key);
          return hit ? { value: hit.value, through: hit.through } : null;
        },
        pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
        another: open,
        dispose: () => layer.close(),
      };
    };
    return open(first);
  };
}

suite('one server', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.stop());

  for (const shards of [1, 3])
    layerConformance({ describe, it }, `redis, ${shards} shards`, {
      open: subjectOf(() => ({ url: server.url, shards })),
      outlives: true,
      answersWithinMs: PATIENCE_MS,
    });
});

suite('a cluster', () => {
  let nodes: RedisServer[];
  beforeAll(async () => {
    nodes = await redisCluster(3);
  });
  afterAll(async () => {
    for (const node of nodes) await node.stop();
  });

  layerConformance({ describe, it }, 'redis, cluster', {
    open: subjectOf(() => ({ url: nodes.map(({ url }) => url), cluster: true, shards: 6 })),
    outlives: true,
    answersWithinMs: PATIENCE_MS,
  });
});

suite('sentinels', () => {
  let master: RedisServer;
  let replica: RedisServer;
  let sentinel: Sentinel;
  beforeAll(async () => {
    master = await RedisServer.start();
    replica = await master.replica();
    sentinel = await Sentinel.start(master);
  });
  afterAll(async () => {
    await sentinel.stop();
    await replica.stop();
    await master.stop();
  });

  layerConformance({ describe, it }, 'redis, sentinel and replica', {
    open: subjectOf(() => ({ url: [sentinel.url], sentinel: 'main' })),
    outlives: true,
    answersWithinMs: PATIENCE_MS,
  });
});

suite('a line that fails', () => {
  let server: RedisServer;
  let line: Line;
  beforeAll(async () => {
    server = await RedisServer.start();
    line = await Line.open(server.port);
  });
  afterAll(async () => {
    await line.close();
    await server.stop();
  });

  /** Of so many calls one meets a cut line, one is cut off in the middle, of one the answer is lost; the rest goes through. */
  const hurtOf = (period: number): (<T>(layer: Layer, call: () => Promise<T>) => Promise<T>) => {
    let calls = 0;
    return async (layer, call) => {
      const fault = FAULTS[(3 * ++calls) / period - 1];
      if (fault === undefined) return call();
      if (fault === 'answer lost') calls = 0;
      if (fault === 'cut') line.away();
      if (fault === 'answer lost') line.mute();
      const from = performance.now();
      const answer = call();
      answer.catch(() => undefined);
      if (fault === 'answer lost') await new Promise((resolve) => setTimeout(resolve, 10));
      line.away();
      try {
        return await answer;
      } finally {
        const ms = performance.now() - from;
        line.mend();
        // Hurt without a pause it would never be there.
        while (!(await layer.probe()).ok) await new Promise((resolve) => setTimeout(resolve, 10));
        if (ms > 1_000) throw new Error(`it took ${ms} ms to fail`);
      }
    };
  };
  const hurtPage = hurtOf(9);
  const hurtRead = hurtOf(60);
  const hurting = (layer: Layer): Layer => ({
    name: layer.name,
    can: layer.can,
    shared: {
      get: (namespace, key) => hurtRead(layer, async () => (await layer.shared?.get(namespace, key)) ?? null),
      fill: (fill) => hurtRead(layer, async () => (await layer.shared?.fill(fill)) ?? 'refused'),
    },
    apply: (actions, watermark, signal) => hurtPage(layer, () => layer.apply(actions, watermark, signal)),
    resume: () => hurtPage(layer, async () => (await layer.resume?.()) ?? ORIGIN),
    probe: () => layer.probe(),
    close: () => layer.close(),
  });

  layerConformance({ describe, it: (claim, body) => it(claim, { timeout: 60_000 }, body) }, 'redis, cut and mute', {
    open: subjectOf(() => ({ url: `redis://127.0.0.1:${line.port}`, timeout: 200 }), hurting),
    outlives: true,
    isFaulty: true,
    answersWithinMs: PATIENCE_MS,
  });
});
