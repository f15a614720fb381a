/**
 * Two processes over one shared layer, which is the pure shard: it gets what it is sent late, fails over to an older copy
 * and loses its record, while both are behind the source in their own ways. Every read is checked against the history.
 */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { Numbers, Reader } from '../../test/support/numbers.ts';
import type { SharedFill, SharedFilled, SharedHit, SharedStore } from '../layers/shared.ts';
import type { Mono, Offset } from '../model/position.ts';
import { settled, virtualRuntime, type VirtualRuntime } from '../runtime/virtual.ts';
import { readShard, readTags, validThrough } from '../trust/promotion.ts';
import { applyToShard } from '../trust/shard-apply.ts';
import { fillShard } from '../trust/shard-fill.ts';
import { coldShard, type Shard } from '../trust/shard.ts';

const CLAIM = { epoch: 'j', owner: 1, contractHash: 'c' };
const KEYS = ['a', 'b'];

/** The shared layer; what is asked of it waits until it is told to go on. */
class PureShared implements SharedStore {
  shard: Shard = coldShard(CLAIM, 0 as Offset);
  #copy = this.shard;
  readonly #source: Numbers;
  readonly #feed: string[][] = [];
  readonly #waiting: (() => void)[] = [];
  asked = 0;

  constructor(source: Numbers) {
    this.#source = source;
    source.feeds.push(this.#feed);
  }

  async get(namespace: string, key: string): Promise<SharedHit | null> {
    this.asked++;
    await this.#turn();
    const reading = readShard(this.shard, namespace, key);
    const tags = reading.entry?.tags ?? [];
    const through = validThrough(reading, tags.length > 0 ? [readTags(this.shard, tags)] : [], 'j');
    await this.#turn();
    if (through === null || !reading.entry) return null;
    return { value: reading.entry.value, through, tags, leftMs: 1e9, ahead: false };
  }

  async fill({ namespace, key, value, stamp, tags }: SharedFill): Promise<SharedFilled> {
    await this.#turn();
    const { shard, refused } = fillShard(this.shard, { epoch: 'j', namespace, key, value, stamp, tags });
    this.shard = shard;
    return refused === null ? 'stored' : 'refused';
  }

  step(which = 0): void {
    const [one] = this.#waiting.splice(which % Math.max(1, this.#waiting.length), 1);
    one?.();
  }

  apply(): void {
    const after = this.shard.watermark;
    const keys = this.#feed[after];
    if (!keys) return;
    const at = (after + 1) as Offset;
    const actions = keys.map((target) => ({ action: { kind: 'delete_key' as const, target }, at }));
    this.shard = applyToShard(this.shard, { ...CLAIM, after, watermark: at, actions }, 1).shard;
  }

  copy(): void {
    this.#copy = this.shard;
  }

  failover(): void {
    this.shard = this.#copy;
  }

  lose(): void {
    this.shard = coldShard(CLAIM, (this.#source.history.length - 1) as Offset, this.shard.entries);
    this.#copy = this.shard;
  }

  async rest(): Promise<void> {
    while (this.#waiting.length > 0) {
      this.step();
      await settled();
    }
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

describe('two processes and a shared layer', () => {
  const at = fc.nat(1);
  const which = fc.nat(3);
  const step = fc.oneof(
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('commit' as const), keys: fc.subarray(KEYS, { minLength: 1 }) }),
    },
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constantFrom('apply' as const, 'echo' as const, 'prove' as const), at }),
    },
    { weight: 8, arbitrary: fc.record({ do: fc.constant('load' as const), at, which }) },
    { weight: 8, arbitrary: fc.record({ do: fc.constant('reply' as const), which }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('share' as const, 'copy' as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constantFrom('failover' as const, 'lose' as const, 'evict' as const) }),
    },
    { weight: 8, arbitrary: fc.record({ do: fc.constant('read' as const), at, key: fc.constantFrom(...KEYS) }) },
  );
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

  /** What is wrong with any read, and how many came from the shared layer. */
  async function run(steps: readonly Step[], sabotage = false): Promise<{ wrong: string[]; shared: number }> {
    const source = new Numbers(KEYS);
    const runtime = virtualRuntime();
    const layer = new PureShared(source);
    const dishonest: SharedStore = {
      fill: (fill) => layer.fill(fill),
      // Vouches for more than it has checked: what every process has applied.
      get: async (...args) => {
        const hit = await layer.get(...args);
        return hit && { ...hit, through: (source.history.length - 1) as Offset };
      },
    };
    const policy = { maxStalenessMs: 5, whenUncertain: 'serve' as const };
    const readers = [0, 1].map(() => new Reader(source, runtime, policy, sabotage ? dishonest : layer));
    const times: Mono[] = [-1];
    const wrong: string[] = [];
    let shared = 0;
    const reads: Promise<void>[] = [];
    const read = async (reader: Reader, key: string): Promise<void> => {
      const applied = reader.store.watermark;
      const { value, maxAgeMs, layer: from } = await reader.cache.read({ key, factory: reader.load });
      if (from === 'shared') shared++;
      const must = source.history[applied]?.[key] ?? 0;
      if (value < must) wrong.push(`I1: ${key} is ${value} from ${from}, and ${must} has been applied`);
      const asOf = runtime.clock.mono() - maxAgeMs;
      const visible = times.findLastIndex((time) => time < asOf);
      const claimed = source.history[visible]?.[key] ?? 0;
      if (value < claimed) wrong.push(`I2: ${key} is ${value} from ${from} as of ${asOf}, when it was ${claimed}`);
    };
    for (const one of steps) {
      await runtime.clock.advance(1);
      if (one.do === 'commit') {
        source.commit(one.keys);
        times.push(runtime.clock.mono());
      } else if (one.do === 'load') readers[one.at]?.step(one.which);
      else if (one.do === 'reply') layer.step(one.which);
      else if (one.do === 'read') reads.push(read(readers[one.at]!, one.key));
      else if (one.do === 'share') layer.apply();
      else if (one.do === 'evict') for (const reader of readers) reader.store.clear();
      else if ('at' in one) readers[one.at]?.[one.do]();
      else layer[one.do]();
      await settled();
    }
    for (let round = 0; round < 5; round++) {
      await layer.rest();
      for (const reader of readers) await reader.rest();
    }
    await Promise.all(reads);
    return { wrong, shared };
  }

  const lives = fc.array(step, { minLength: 20, maxLength: 80, size: 'max' });

  it('never serve what misses an event that they have applied, nor call it younger than it is', async () => {
    let promoted = 0;
    await fc.assert(
      fc.asyncProperty(lives, async (steps) => {
        const { wrong, shared } = await run(steps);
        promoted += shared;
        expect(wrong).toEqual([]);
      }),
      { numRuns: 300 },
    );
    expect(promoted).toBeGreaterThan(20);
  }, 120_000);

  it('would, if an entry were promoted with more than it is valid through', async () => {
    const property = fc.asyncProperty(lives, async (steps) => {
      const { wrong } = await run(steps, true);
      expect(wrong.filter((what) => what.startsWith('I1: '))).toEqual([]);
    });
    const { failed } = await fc.check(property, { numRuns: 2000, endOnFailure: true });
    expect(failed).toBe(true);
  }, 120_000);
});

describe('a read that misses', () => {
  let source: Numbers;
  let runtime: VirtualRuntime;
  let layer: PureShared;
  const reader = (policy: object = {}): Reader => new Reader(source, runtime, policy, layer);
  const read = async (one: Reader, key = 'a'): Promise<{ value: number; layer: string }> => {
    const reading = one.cache.read({ key, factory: one.load });
    for (let turn = 0; turn < 4; turn++) {
      await settled();
      await layer.rest();
      one.step();
    }
    return reading;
  };
  beforeEach(() => {
    source = new Numbers(KEYS);
    runtime = virtualRuntime();
    layer = new PureShared(source);
  });

  it('is loaded once for all processes, and says where it came from', async () => {
    const [p, q] = [reader(), reader()];
    expect(await read(p)).toMatchObject({ value: 0, layer: 'source' });
    expect(await read(q)).toMatchObject({ value: 0, layer: 'shared' });
    expect(await read(q)).toMatchObject({ value: 0, layer: 'local' });
    expect([p.loads, q.loads]).toEqual([1, 0]);
  });

  it('asks once for all readers of a key', async () => {
    const p = reader();
    await read(p);
    const q = reader();
    layer.asked = 0;
    const all = Promise.all(Array.from({ length: 50 }, () => q.cache.getOrSet({ key: 'a', factory: q.load })));
    await settled();
    await layer.rest();
    expect(await all).toEqual(Array(50).fill(0));
    expect(layer.asked).toBe(1);
  });

  it('finds what `get` may serve, too', async () => {
    await read(reader());
    const got = reader().cache.get({ key: 'a' });
    await settled();
    await layer.rest();
    expect(await got).toBe(0);
  });

  it('does not bring back what was ended here, from a layer that is behind (anomaly D1)', async () => {
    const [p, q] = [reader(), reader()];
    await read(p);
    source.commit(['a']);
    q.apply();
    expect(await read(q)).toMatchObject({ value: 1, layer: 'source' });
    layer.apply();
    p.apply();
    expect(await read(p)).toMatchObject({ value: 1, layer: 'shared' });
  });

  it('does not go back for a session that goes from process to process (anomaly D2)', async () => {
    const [p, q] = [reader(), reader()];
    await read(q);
    source.commit(['a']);
    await runtime.clock.advance(1);
    p.catchUp();
    await read(p);
    await runtime.clock.advance(1);
    p.catchUp();
    const { upTo } = await p.cache.read({ key: 'a', factory: p.load });
    expect(upTo).toBe(1);
    expect(await read(q)).toMatchObject({ value: 0, layer: 'local' });
    const [session] = await Promise.all([q.cache.read({ key: 'a', factory: q.load, atLeast: upTo! }), read(q)]);
    expect(session).toMatchObject({ value: 1 });
  });

  it('shares no value that is made of others: what ends it is known here only', async () => {
    const [p, q] = [reader(), reader()];
    const page = async (one: Reader): Promise<string> => {
      const reading = one.cache.read({
        key: 'a',
        factory: async (context) => (await context.embed(one.cache, { key: 'b', factory: one.load })) + 10,
      });
      for (let turn = 0; turn < 8; turn++) {
        await settled();
        await layer.rest();
        one.step();
      }
      return (await reading).layer;
    };
    expect([await page(p), await page(p), await page(q)]).toEqual(['source', 'local', 'source']);
    expect([p.loads, q.loads]).toEqual([1, 0]);
  });

  it('does not ask where nothing proves freshness: what it would get could not be served', async () => {
    await read(reader());
    layer.asked = 0;
    const strict = reader({ maxStalenessMs: 5, whenUncertain: 'bypass' });
    expect(await read(strict)).toMatchObject({ layer: 'source' });
    expect(layer.asked).toBe(0);
    strict.catchUp();
    expect(await read(strict, 'b')).toMatchObject({ layer: 'source' });
    expect(layer.asked).toBe(1);
  });
});
