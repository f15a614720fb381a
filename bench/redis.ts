// Question: what do the fence and the marks cost on the server, beside what a cache without them does? Method: one client
// and one server of this machine, the same keys, values and number of calls under way, round by round in turn: raw GET,
// SET and UNLINK, and the shared layer's hit, fill and apply. Medians of rounds, and their ratio.
//
//   node scripts/bench.mjs redis [calls] [rounds]
import { Redis } from 'ioredis';
import { redisLayer } from '../src/layers/redis/index.ts';
import type { StampedAction } from '../src/layers/layer.ts';
import { ORIGIN, type Offset } from '../src/model/position.ts';
import { realRuntime } from '../src/runtime/real.ts';
import { RedisServer } from '../test/support/redis.ts';
import { machine, median, spread } from './support.ts';

const [, , callsText = '20000', roundsText = '5'] = process.argv;
const [calls, rounds] = [Number(callsText), Number(roundsText)];

/** Calls under way: a busy process. */
const UNDER_WAY = 200;
/** Actions of one call of the layer, and keys of one UNLINK. */
const AT_ONCE = 500;

const value = { id: 42, name: 'x'.repeat(200), price: 9.5, tags: ['a', 'b'] };
const bytes = Buffer.from(JSON.stringify(value));
const key = (n: number): string => `product:${String(n)}`;
const keys = Array.from({ length: calls }, (_, n) => key(n));

async function perSecond(count: number, run: (n: number) => Promise<unknown>): Promise<number> {
  let next = 0;
  const from = performance.now();
  const one = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) await run(n);
  };
  await Promise.all(Array.from({ length: Math.min(UNDER_WAY, count) }, one));
  return (1_000 * count) / (performance.now() - from);
}

const server = await RedisServer.start();
const raw = new Redis(server.port, '127.0.0.1');
const options = redisLayer.options.parse({ url: server.url, timeout: 10_000 });
const authority = {
  claim: () => ({ epoch: 'bench', owner: 1, contractHash: '' }),
  settledAt: () => Promise.resolve(ORIGIN),
  renew: () => Promise.resolve(),
};
const layer = await redisLayer.open({ name: 'bench', runtime: realRuntime(), startAt: ORIGIN, authority }, options);
await layer.resume?.();
const { shared } = layer;
if (!shared) throw new Error('a redis layer is shared');

const chunks = Math.ceil(calls / AT_ONCE);
const chunk = (n: number): string[] => keys.slice(n * AT_ONCE, (n + 1) * AT_ONCE);
const never = new AbortController().signal;
let at = 0;

/** What is compared: a name, the raw command, the layer, and how many keys a call has. */
const pairs: { name: string; raw: () => Promise<number>; ours: () => Promise<number>; each: number }[] = [
  {
    name: 'fill, two tags (SET PX)',
    raw: () => perSecond(calls, (n) => raw.set(`raw:${key(n)}`, bytes, 'PX', 60_000)),
    ours: () => {
      const stamp = at as Offset;
      const fill = { namespace: 'n', value, tags: ['all', 'red'], stamp, ttlMs: 60_000, ahead: false };
      return perSecond(calls, (n) => shared.fill({ ...fill, key: key(n) }));
    },
    each: 1,
  },
  {
    name: 'hit, two tags (GET, parsed)',
    raw: () => perSecond(calls, async (n) => JSON.parse((await raw.get(`raw:${key(n)}`)) ?? '') as unknown),
    ours: () =>
      perSecond(calls, async (n) => {
        if (!(await shared.get('n', key(n)))) throw new Error('a hit was expected');
      }),
    each: 1,
  },
  {
    name: `delete_key, ${String(AT_ONCE)} a call (UNLINK)`,
    raw: () => perSecond(chunks, (n) => raw.unlink(...chunk(n).map((one) => `raw:${one}`))),
    ours: async () => {
      const from = performance.now();
      for (let n = 0; n < chunks; n++) {
        at++;
        const actions = chunk(n).map((target): StampedAction => ({
          action: { kind: 'delete_key', target },
          at: at as Offset,
        }));
        await layer.apply(actions, at as Offset, never);
      }
      return (1_000 * chunks) / (performance.now() - from);
    },
    each: AT_ONCE,
  },
];

const measured = pairs.map(() => ({ raw: [] as number[], ours: [] as number[] }));
for (let round = 0; round < rounds; round++) {
  for (const [index, pair] of pairs.entries()) {
    measured[index]?.raw.push((await pair.raw()) * pair.each);
    measured[index]?.ours.push((await pair.ours()) * pair.each);
  }
}

// A tag of a hundred thousand entries, and of one: what its purge costs does not depend on it.
const purge = async (): Promise<number> => {
  const from = performance.now();
  at++;
  await layer.apply([{ action: { kind: 'purge_tag', target: 'all' }, at: at as Offset }], at as Offset, never);
  return performance.now() - from;
};
const few = await purge();
const fill = { namespace: 'n', value: 1, tags: ['all'], stamp: at as Offset, ttlMs: 60_000, ahead: false };
await perSecond(100_000, async (n) => {
  if ((await shared.fill({ ...fill, key: `many:${String(n)}` })) !== 'stored') throw new Error('a fill was refused');
});
const many = await purge();
const marks = await server.do('MEMORY', 'USAGE', '{tidemark:bench:1:0/1}:k', 'SAMPLES', 0);
const count = await server.do('ZCARD', '{tidemark:bench:1:0/1}:k');

console.log(
  `${machine()}; ${callsText} calls, ${String(UNDER_WAY)} under way, ${roundsText} rounds, client and server together`,
);
console.table(
  Object.fromEntries(
    pairs.map(({ name }, index) => {
      const { raw: plain = [], ours = [] } = measured[index] ?? {};
      const cells = { 'raw, 1/s': spread(plain, 0), 'layer, 1/s': spread(ours, 0) };
      return [name, { ...cells, ratio: (median(ours) / median(plain)).toFixed(2) }];
    }),
  ),
);
console.log(`purge_tag: ${few.toFixed(2)} ms without entries, ${many.toFixed(2)} ms with 100,000`);
console.log(`a tombstone takes ${(Number(marks) / Number(count)).toFixed(0)} bytes (${String(count)} of them)`);

await layer.close();
raw.disconnect();
await server.stop();
