// The scripts against the pure functions that they are made after: any history, on a real server, must give the same
// replies and the same readings. The pure ones are what the model has walked through.
import { afterAll, beforeAll, expect, it } from 'vitest';
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { redisSuite, RedisServer } from '../../../test/support/redis.ts';
import type { Action, ActionKind } from '../../model/plan.ts';
import type { Offset } from '../../model/position.ts';
import { readShard, readTags, validThrough } from '../../trust/promotion.ts';
import { applyToShard, type ShardRun } from '../../trust/shard-apply.ts';
import { fillShard } from '../../trust/shard-fill.ts';
import { coldShard, takeOver, type Claim, type Shard } from '../../trust/shard.ts';
import { Shards } from './shards.ts';

const suite = await redisSuite();
const at = (offset: number): Offset => offset as Offset;
const NAMES = ['a', 'b', '\ud800', '\ud801'];
const SPACES = ['n', 'm'];
const TAGS = ['red', 'blue', ''];
const KINDS: ActionKind[] = ['delete_key', 'expire_key', 'refresh_key', 'purge_tag', 'expire_tag', 'purge_namespace'];

type Step =
  | { readonly do: 'claim'; readonly claim: Claim; readonly head: number; readonly beganAt: number }
  | { readonly do: 'apply'; readonly claim: Claim; readonly run: Omit<ShardRun, keyof Claim> }
  | {
      readonly do: 'fill';
      readonly namespace: string;
      readonly key: string;
      readonly stamp: number;
      readonly tags: readonly string[];
    }
  | { readonly do: 'evict'; readonly key: string }
  | { readonly do: 'lose'; readonly part: number };

const usually = <T>(one: T, other: T): fc.Arbitrary<T> =>
  fc.oneof({ weight: 20, arbitrary: fc.constant(one) }, { weight: 1, arbitrary: fc.constant(other) });
const claim: fc.Arbitrary<Claim> = fc.record({
  epoch: usually('j', 'j2'),
  owner: usually(1, 2),
  contractHash: usually('c', 'c2'),
});
// Beyond 2^32, where a number that went through text in Lua would have lost digits.
const BASE = 100_000_000_000_000;
const offset = fc.nat(12).map((n) => at(BASE + n));
const action = fc.constantFrom(...KINDS).chain((kind): fc.Arbitrary<Action> => {
  const targets = kind.endsWith('key') ? NAMES : kind.endsWith('tag') ? TAGS : [...SPACES, '*'];
  return fc.record({ kind: fc.constant(kind), target: fc.constantFrom(...targets) });
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('claim' as const), claim, head: offset, beganAt: offset }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('apply' as const),
      claim,
      run: fc.record({
        after: offset,
        watermark: offset,
        actions: fc.array(fc.record({ action, at: offset }), { maxLength: 6 }),
      }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('fill' as const),
      namespace: fc.constantFrom(...SPACES),
      key: fc.constantFrom(...NAMES),
      stamp: offset,
      tags: fc.uniqueArray(fc.constantFrom(...TAGS), { maxLength: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('evict' as const), key: fc.constantFrom(...NAMES) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const), part: fc.nat(4) }) },
);

suite('a shard on a real server', () => {
  let server: RedisServer;
  let client: Redis;
  beforeAll(async () => {
    server = await RedisServer.start();
    client = server.client();
  });
  afterAll(async () => {
    client.disconnect();
    await server.stop();
  });

  it('does what the pure shard does, for any history and any bound', { timeout: 120_000 }, async () => {
    let found = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 10, maxLength: 40 }),
        fc.integer({ min: 1, max: 3 }),
        async (steps, marksMax) => {
          await client.flushall();
          const shards = new Shards(client, { prefix: 't', shards: 1, marksMax });
          const both = new Both(client, shards, marksMax);
          const first: Step = {
            do: 'claim',
            claim: { epoch: 'j', owner: 1, contractHash: 'c' },
            head: BASE,
            beganAt: BASE,
          };
          for (const one of [first, ...steps]) {
            const { expected, got } = await both.take(one);
            expect(got).toEqual(expected);
            for (const namespace of SPACES)
              for (const key of NAMES) {
                for (const since of [0, 2]) {
                  const reading = await both.read(namespace, key, since);
                  expect(reading.got).toEqual(reading.expected);
                  if (typeof reading.got !== 'string') found++;
                }
              }
          }
        },
      ),
      { numRuns: 200 },
    );
    expect(found).toBeGreaterThan(1_000);
  });
});

/** A shard on the server and the pure one, which `null` when its record is lost. */
class Both {
  readonly #client: Redis;
  readonly #shards: Shards;
  readonly #marksMax: number;
  #pure: Shard | null = null;
  /** Of a lost record: who owned it, as far as that is still known, and the entries that stayed. */
  #remains: { readonly owner: number; readonly entries: Shard['entries'] } = { owner: 0, entries: new Map() };

  constructor(client: Redis, shards: Shards, marksMax: number) {
    this.#client = client;
    this.#shards = shards;
    this.#marksMax = marksMax;
  }

  take(one: Step): Promise<{ expected: unknown; got: unknown }> {
    switch (one.do) {
      case 'claim':
        return this.#claim(one.claim, at(one.head), at(one.beganAt));
      case 'apply':
        return this.#apply({ ...one.claim, ...one.run });
      case 'fill':
        return this.#fill(one);
      case 'evict':
        return this.#evict(one.key);
      case 'lose':
        return this.#lose(one.part);
    }
  }

  async read(namespace: string, key: string, since: number): Promise<{ expected: unknown; got: unknown }> {
    const entry = await this.#shards.get({ namespace, key, format: 'f' }, 'j', since);
    const got =
      typeof entry === 'string'
        ? entry
        : { value: entry.value.toString(), stamp: entry.stamp, through: entry.through, tags: entry.tags };
    if (this.#pure === null) return { expected: 'cold', got };
    if (this.#pure.epoch !== 'j') return { expected: 'other-epoch', got };
    const reading = readShard(this.#pure, namespace, key, since);
    const tags = reading.entry?.tags ?? [];
    const through = validThrough(reading, tags.length > 0 ? [readTags(this.#pure, tags)] : [], 'j');
    if (through === null || reading.entry === null)
      return { expected: this.#pure.owner < since ? 'unclaimed' : 'absent', got };
    return { expected: { value: reading.entry.value, stamp: reading.entry.stamp, through, tags }, got };
  }

  async #claim(claim: Claim, head: Offset, beganAt: Offset): Promise<{ expected: unknown; got: unknown }> {
    const got = await this.#shards.claim(0, claim, head, beganAt);
    if (this.#pure === null) {
      if (claim.owner < this.#remains.owner) return { expected: 'deposed', got: got.is };
      this.#pure = coldShard(claim, head, this.#remains.entries);
      return { expected: { is: 'cold', watermark: head }, got };
    }
    const before = this.#pure;
    const taken = takeOver(before, claim, head, beganAt);
    if (typeof taken === 'string') return { expected: { is: taken, watermark: before.watermark }, got };
    this.#pure = taken;
    return { expected: { is: before.epoch === claim.epoch ? 'taken' : 'cold', watermark: taken.watermark }, got };
  }

  async #apply(run: ShardRun): Promise<{ expected: unknown; got: unknown }> {
    const got = await this.#shards.apply(0, run);
    if (this.#pure === null)
      return { expected: run.owner < this.#remains.owner ? 'deposed' : 'unclaimed', got: got.reply };
    const { shard, reply } = applyToShard(this.#pure, run, this.#marksMax);
    this.#pure = shard;
    return { expected: { reply, watermark: shard.watermark }, got };
  }

  async #fill(fill: Extract<Step, { do: 'fill' }>): Promise<{ expected: unknown; got: unknown }> {
    const { namespace, key, tags } = fill;
    const stamp = at(fill.stamp);
    const value = `${namespace}${NAMES.indexOf(key)}@${stamp}`;
    const place = { namespace, key, format: 'f', epoch: 'j', stamp, tags, ttlMs: 60_000 };
    const got = await this.#shards.fill({ ...place, value: Buffer.from(value) });
    if (this.#pure === null) return { expected: 'cold', got };
    const { shard, refused } = fillShard(this.#pure, { epoch: 'j', namespace, key, value, stamp, tags });
    this.#pure = shard;
    return { expected: refused, got };
  }

  async #evict(key: string): Promise<{ expected: unknown; got: unknown }> {
    const name = [...(await this.#entryNames())].find((one) => one.toString('latin1').endsWith(latin(key)));
    if (name) await this.#client.unlink(name);
    const without = (entries: Shard['entries']): Shard['entries'] =>
      new Map([...entries].filter(([, entry]) => entry.key !== key));
    if (this.#pure) this.#pure = { ...this.#pure, entries: without(this.#pure.entries) };
    this.#remains = { ...this.#remains, entries: without(this.#remains.entries) };
    return { expected: null, got: null };
  }

  /** Everything (4), the record (0), or one set of marks: as an eviction or somebody's mistake would. */
  async #lose(part: number): Promise<{ expected: unknown; got: unknown }> {
    if (part === 4) await this.#client.flushall();
    else await this.#client.unlink(`{t:1:0/1}:${'rkpx'[part] ?? ''}`);
    const entries = part === 4 ? new Map() : (this.#pure?.entries ?? this.#remains.entries);
    const owner = part === 4 || part === 0 ? 0 : (this.#pure?.owner ?? this.#remains.owner);
    this.#remains = { owner, entries };
    this.#pure = null;
    return { expected: null, got: null };
  }

  async #entryNames(): Promise<Buffer[]> {
    return this.#client.keysBuffer('{t:1:0/1}:e:*');
  }
}

function latin(key: string): string {
  return /\p{Surrogate}/u.test(key) ? Buffer.from(key, 'utf16le').toString('latin1') : `:${key}`;
}
