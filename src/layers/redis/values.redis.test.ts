// What lies on the server and cannot be read is a miss with a reason that is counted, never an error.
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { redisSuite, RedisServer } from '../../../test/support/redis.ts';
import { TestJournal } from '../../../test/conformance/layer.ts';
import { ORIGIN } from '../../model/position.ts';
import { realRuntime } from '../../runtime/real.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Layer } from '../layer.ts';
import type { Serializer } from '../shared.ts';
import { redisLayer } from './index.ts';

const suite = await redisSuite();
const ENTRY = '{tidemark:shared:1:0/1}:e:k';
const LONG = 'same '.repeat(50_000);

suite('a value on the server', () => {
  let server: RedisServer;
  let runtime: Runtime;
  const open: Layer[] = [];
  const layerOf = async (serializer?: Serializer, options: object = {}): Promise<Layer> => {
    const given = redisLayer.options.parse({ url: server.url, timeout: 2_000, ...options });
    const context = { name: 'shared', runtime, startAt: ORIGIN, authority: new TestJournal() };
    const layer = await redisLayer.open({ ...context, ...(serializer ? { serializer } : {}) }, given);
    open.push(layer);
    await layer.resume?.();
    return layer;
  };
  const put = async (layer: Layer, value: unknown): Promise<boolean> =>
    (await layer.shared?.fill({
      namespace: 'n',
      key: 'k',
      value,
      stamp: ORIGIN,
      tags: [],
      ttlMs: 60_000,
      ahead: false,
    })) === 'stored';
  const got = async (layer: Layer): Promise<unknown> => (await layer.shared?.get('n', 'k'))?.value ?? null;
  const counted = async (result: string): Promise<number> => {
    const line = new RegExp(`^tidemark_\\S*shared\\S*\\{[^}]*result="${result}"[^}]*\\} (\\d+)`, 'm');
    return Number(line.exec(await runtime.metrics.registry.metrics())?.[1] ?? 0);
  };
  const field = async (): Promise<string> =>
    ((await server.do('HKEYS', ENTRY)) as string[]).find((one) => one.startsWith('v')) ?? '';

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  beforeEach(() => {
    runtime = realRuntime();
  });
  afterEach(async () => {
    for (const layer of open.splice(0)) await layer.close();
    await server.do('FLUSHALL');
  });
  afterAll(() => server.stop());

  it('is compressed above the size, and comes back as it was', async () => {
    const layer = await layerOf();
    expect(await put(layer, LONG)).toBe(true);
    expect(Number(await server.do('HSTRLEN', ENTRY, await field()))).toBeLessThan(LONG.length / 20);
    expect(await got(layer)).toBe(LONG);
    const plain = await layerOf(undefined, { compress_above: 1_000_000 });
    expect(await got(plain)).toBe(LONG);
    await put(plain, LONG);
    expect(Number(await server.do('HSTRLEN', ENTRY, await field()))).toBeGreaterThan(LONG.length);
    expect(await got(layer)).toBe(LONG);
  });

  it.each([
    ['that is empty', ''],
    ['of other bytes', 'damaged'],
    ['that says it is compressed and is not', '\u0001abc'],
    ['whose flags nobody has written', '\u007fabc'],
  ])('%s is a miss that is counted, and the next fill repairs it', async (_, bytes) => {
    const layer = await layerOf();
    await put(layer, 'good');
    await server.do('HSET', ENTRY, await field(), bytes);
    expect([await got(layer), await counted('unreadable')]).toEqual([null, 1]);
    expect([await put(layer, 'again'), await got(layer)]).toEqual([true, 'again']);
  });

  it('that was compressed and is cut short is a miss that is counted', async () => {
    const layer = await layerOf();
    await put(layer, LONG);
    const client = server.client();
    const whole = await client.hgetBuffer(ENTRY, await field());
    await client.hset(ENTRY, await field(), whole?.subarray(0, whole.length / 2) ?? '');
    client.disconnect();
    expect([await got(layer), await counted('unreadable')]).toEqual([null, 1]);
  });

  it('of a serializer of the program is read by the same version of it only', async () => {
    const own = (id: string): Serializer => ({
      id,
      serialize: (value) => Buffer.from(`${id}:${JSON.stringify(value)}`),
      deserialize: (bytes) =>
        JSON.parse(
          Buffer.from(bytes)
            .toString()
            .slice(id.length + 1),
        ) as unknown,
    });
    const [one, two] = [await layerOf(own('own-1')), await layerOf(own('own-2'))];
    await put(one, { a: 1 });
    expect([await got(one), await got(two), await counted('absent')]).toEqual([{ a: 1 }, null, 1]);
  });

  it('whose serializer throws is neither stored nor found, and counted', async () => {
    let broken = true;
    const own: Serializer = {
      id: 'own',
      serialize: (value) => {
        if (broken) throw new Error('cannot write');
        return Buffer.from(String(value));
      },
      deserialize: () => {
        throw new Error('cannot read');
      },
    };
    const layer = await layerOf(own);
    expect([await put(layer, 'x'), await counted('unserializable')]).toEqual([false, 1]);
    broken = false;
    expect([await put(layer, 'x'), await got(layer), await counted('unreadable')]).toEqual([true, null, 1]);
  });
});
