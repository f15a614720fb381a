// The simulated server against a real one: the same calls in any order, the same replies. What the simulator says of the shared
// layer is worth as much as this.
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Shards, type Place } from '../../src/layers/redis/shards.ts';
import type { ActionKind } from '../../src/model/plan.ts';
import type { Offset } from '../../src/model/position.ts';
import { SharedServer, type ServerFlaws } from '../../src/sim/shared-server.ts';
import { redisSuite, RedisServer } from '../support/redis.ts';

const suite = await redisSuite();
const KEYS = ['a', 'b', 'é', '\ud800'];
const SPACES = ['n', 'm'];
const TAGS = ['red', 'blue', ''];
const KINDS: ActionKind[] = ['delete_key', 'expire_key', 'purge_tag', 'expire_tag', 'purge_namespace'];
const TTL_MS = 3_600_000;

const offset = fc.nat(12).map((n) => (1e14 + n) as Offset);
const usually = <T>(one: T, other: T): fc.Arbitrary<T> =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(one) }, { weight: 1, arbitrary: fc.constant(other) });
const claim = fc.record({ epoch: usually('j', 'j2'), owner: usually(1, 2), contractHash: usually('c', 'c2') });
const place: fc.Arbitrary<Place> = fc.record({
  namespace: fc.constantFrom(...SPACES),
  key: fc.constantFrom(...KEYS),
  format: usually('f', 'g'),
});
const action = fc.constantFrom(...KINDS).chain((kind) => {
  const targets = kind.endsWith('key') ? KEYS : kind.endsWith('tag') ? TAGS : [...SPACES, '*'];
  return fc.record({ action: fc.record({ kind: fc.constant(kind), target: fc.constantFrom(...targets) }), at: offset });
});
const run = fc.record({ after: offset, watermark: offset, actions: fc.array(action, { maxLength: 6 }) });
const fill = fc.record({ stamp: offset, tags: fc.uniqueArray(fc.constantFrom(...TAGS), { maxLength: 2 }) });
const token = fc.constantFrom('t1', 't2', 't3');
const lease = fc.record({
  token,
  stamp: offset,
  beyond: usually(0 as Offset, (1e14 + 6) as Offset),
  since: usually(0, 2),
  tags: fc.uniqueArray(fc.constantFrom(...TAGS), { maxLength: 2 }),
});
const keep = fc.tuple(token, fc.constantFrom('renew' as const, 'release' as const, 'unshared' as const));
const step = fc.oneof(
  { weight: 2, arbitrary: fc.tuple(fc.constant('claim' as const), claim, fc.tuple(offset, offset)) },
  { weight: 8, arbitrary: fc.tuple(fc.constant('apply' as const), claim, run) },
  { weight: 8, arbitrary: fc.tuple(fc.constant('fill' as const), place, fill) },
  { weight: 8, arbitrary: fc.tuple(fc.constant('get' as const), place, fc.nat(2)) },
  { weight: 8, arbitrary: fc.tuple(fc.constant('lease' as const), place, lease) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('keep' as const), place, keep) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('lose' as const), fc.nat(4), fc.constant(null)) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

suite('the simulated server', () => {
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

  async function differences(flaws: ServerFlaws, numRuns: number): Promise<fc.RunDetails<[Step[], number]>> {
    const property = fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 40 }),
      fc.integer({ min: 1, max: 3 }),
      async (steps, marksMax) => {
        await client.flushall();
        const simulated = new SharedServer(() => Date.now(), flaws);
        const caller = {
          // eslint-disable-next-line @typescript-eslint/require-await -- throws must become rejections
          callBuffer: async (command: string, args: (string | Buffer | number)[]) => simulated.call(command, args),
        };
        const options = { prefix: 't', shards: 1, marksMax };
        const real = new Shards(client, options);
        const other = new Shards(caller, options);
        const first: Step = ['claim', { epoch: 'j', owner: 1, contractHash: 'c' }, [1e14 as Offset, 1e14 as Offset]];
        for (const one of [first, ...steps]) {
          const expected = await take(real, one);
          expect(await take(other, one)).toEqual(expected);
          if (one[0] !== 'lose') continue;
          const lost = `{t:1:0/1}:${'rkpx'[one[1]] ?? ''}`;
          if (one[1] === 4) {
            await client.flushall();
            simulated.flush();
          } else {
            await client.unlink(lost);
            simulated.data.records.delete(lost);
            simulated.data.marks.delete(lost);
          }
        }
      },
    );
    return fc.check(property, { numRuns });
  }

  it('answers every sequence of calls as the real one does', { timeout: 120_000 }, async () => {
    const { failed, errorInstance, counterexample } = await differences({}, 300);
    expect(failed, JSON.stringify(counterexample) + String(errorInstance)).toBe(false);
  });

  it.each<ServerFlaws>([{ unfenced: true }, { blind: true }])(
    'would be told from it: %j',
    { timeout: 120_000 },
    async (flaws) => {
      expect((await differences(flaws, 600)).failed).toBe(true);
    },
  );
});

async function take(shards: Shards, [kind, first, second]: Step): Promise<unknown> {
  switch (kind) {
    case 'claim':
      return shards.claim(0, first, ...second);
    case 'apply':
      return shards.apply(0, { ...first, ...second });
    case 'fill':
      return shards.fill({ ...first, ...second, epoch: 'j', value: Buffer.from(`${second.stamp}`), ttlMs: TTL_MS });
    case 'get': {
      const entry = await shards.get(first, 'j', second);
      // Two clocks were read, one after the other.
      return typeof entry === 'string' ? entry : { ...entry, leftMs: Math.round(entry.leftMs / 60_000) };
    }
    case 'lease': {
      const answer = await shards.getOrLease(first, { ...second, epoch: 'j', leaseMs: TTL_MS });
      return 'leftMs' in answer ? { ...answer, leftMs: Math.round(answer.leftMs / 60_000) } : answer;
    }
    case 'keep':
      return shards.keep(first, ...second, TTL_MS);
    case 'lose':
      return null;
  }
}
