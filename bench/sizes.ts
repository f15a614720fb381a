// Question: what do the things weigh of which a fleet has many? Method: events of about 300 bytes, in batches of 1 and of 100 with as many
// appends under way as a source may have, into a fresh journal on SQLite and on NATS: bytes by entry, and entries a second. Then
// entries of the shared layer on Redis, with two tags, one its own: bytes by entry beside a plain SET of the same value. Then
// what a process that is fed needs to take pages of 500 entries from their text until they are applied.
//
//   node scripts/bench.mjs sizes [entries]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Journal } from '../src/journal/journal.ts';
import { natsJournal } from '../src/journal/nats/index.ts';
import { sqliteJournal } from '../src/journal/sqlite.ts';
import { redisLayer } from '../src/layers/redis/index.ts';
import type { PlannedBatch } from '../src/model/entry.ts';
import { FEED_VERSION, fedEntry, type FeedFrame } from '../src/model/feed.ts';
import { ORIGIN, type Offset } from '../src/model/position.ts';
import { Follower } from '../src/remote/follower.ts';
import { realRuntime } from '../src/runtime/real.ts';
import { NatsServer } from '../test/support/nats.ts';
import { RedisServer } from '../test/support/redis.ts';
import { batchOf } from './batches.ts';
import { machine } from './support.ts';

/** As many appends under way as a feed may have. */
const PIPELINED = 256;

/** As a daemon sends a backlog. */
const PAGE = 500;

const ENTRIES = Number(process.argv[2] ?? '20000');
const runtime = realRuntime();

function batch(first: number, size: number): PlannedBatch {
  return batchOf({ first, size, nameOf: (n) => text(n, 172) });
}

/** Text that no compression makes nothing of, and always the same. */
function text(seed: number, length: number): string {
  let out = '';
  for (let x = seed + 1; out.length < length;) out += (x = Math.imul(x, 1_664_525) + 1_013_904_223).toString(36);
  return out.slice(0, length);
}

async function append(journal: Journal, size: number): Promise<{ perSecond: number; bytes: number }> {
  const before = journal.report.bytes ?? 0;
  const head = journal.head;
  const from = performance.now();
  let next = 1;
  const lane = async (): Promise<void> => {
    while (next <= ENTRIES) {
      const first = next;
      next += size;
      await journal.append(batch(head + first, size));
    }
  };
  await Promise.all(Array.from({ length: PIPELINED }, lane));
  const seconds = (performance.now() - from) / 1_000;
  const entries = journal.head - head;
  return { perSecond: entries / seconds, bytes: ((journal.report.bytes ?? NaN) - before) / entries };
}

async function memory(server: RedisServer): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(String(await server.do('INFO', 'memory')))?.[1]);
}

/** Processor time of an entry, from the text of a page until it is applied to memory that is full. */
function takeUs(): number {
  const hello = { version: FEED_VERSION, epoch: 'e', clock: 'c', after: ORIGIN, reset: false, head: ORIGIN };
  const sources = [{ name: 'shop-db', canProve: true, isRead: true, ungated: false, epoch: null }];
  const follower = new Follower({ ...hello, sources, namespaces: [] });
  const pages = Array.from({ length: Math.ceil(ENTRIES / PAGE) }, (_, page) => {
    const { events, plans, ...rest } = batch(page * PAGE, PAGE);
    const entries = events.map((event, n) =>
      fedEntry({ ...rest, offset: (page * PAGE + n + 1) as Offset, event, plan: plans[n]! }),
    );
    return JSON.stringify({ kind: 'page', entries, proofs: [], head: (page + 1) * PAGE });
  });
  const before = process.cpuUsage();
  for (const page of pages) follower.take(JSON.parse(page) as FeedFrame, 0);
  const { user, system } = process.cpuUsage(before);
  if (follower.store.watermark < ENTRIES) throw new Error('not every entry was applied');
  return (user + system) / pages.length / PAGE;
}

const folder = mkdtempSync(join(tmpdir(), 'tidemark-sizes-'));
const nats = await NatsServer.start();
await nats.ready();
const redis = await RedisServer.start();
console.log(`${machine()}; ${String(ENTRIES)} entries`);

const journals: [string, () => Promise<Journal>][] = [
  [
    'sqlite',
    () => sqliteJournal.open({ runtime, baseDir: folder }, sqliteJournal.options.parse({ path: 'journal.db' })),
  ],
  ['nats', () => natsJournal.open({ runtime, baseDir: '' }, natsJournal.options.parse({ servers: nats.url }))],
];
const rows: Record<string, Record<string, string>> = {};
for (const [name, open] of journals) {
  const journal = await open();
  for (const size of [1, 100]) {
    const { perSecond, bytes } = await append(journal, size);
    rows[`${name}, batches of ${String(size)}`] = {
      'entries/s': perSecond.toFixed(0),
      'bytes/entry': bytes.toFixed(0),
    };
  }
  await journal.close();
}
console.table(rows);

const value = { id: 42, name: 'x'.repeat(200), price: 9.5, tags: ['a', 'b'] };
const empty = await memory(redis);
for (let n = 0; n < ENTRIES; n++)
  await redis.do('SET', `raw:product:${String(n)}`, JSON.stringify(value), 'PX', 3_600_000);
const raw = await memory(redis);
const authority = {
  claim: () => ({ epoch: 'bench', owner: 1, contractHash: '' }),
  settledAt: () => Promise.resolve(ORIGIN),
  renew: () => Promise.resolve(),
};
const layer = await redisLayer.open(
  { name: 'bench', runtime, startAt: ORIGIN, authority },
  redisLayer.options.parse({ url: redis.url, timeout: 10_000 }),
);
await layer.resume?.();
const began = await memory(redis);
for (let n = 0; n < ENTRIES; n++) {
  const key = `product:${String(n)}`;
  const fill = { namespace: 'n', key, value, tags: ['all', `product-${String(n)}`], stamp: 0 as Offset };
  if ((await layer.shared?.fill({ ...fill, ttlMs: 3_600_000, ahead: false })) !== 'stored')
    throw new Error('a fill was refused');
}
const filled = await memory(redis);
console.log(
  `an entry on Redis: ${((filled - began) / ENTRIES).toFixed(0)} bytes; SET of the same ${String(JSON.stringify(value).length)} bytes of JSON: ${((raw - empty) / ENTRIES).toFixed(0)}`,
);
await layer.close();
console.log(`a process takes an entry in ${takeUs().toFixed(1)} us, in pages of ${String(PAGE)}`);
await Promise.all([nats.stop(), redis.stop()]);
rmSync(folder, { recursive: true, force: true });
