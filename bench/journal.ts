// Question: what does the journal cost on top of SQLite itself? Method: 300-byte events in batches of 100 into a fresh
// file, WAL and synchronous=FULL on both sides, rounds of a raw insert loop and of ours interleaved in one process; the
// median of the rounds, as ratios to the raw loop that serializes the event and keeps the position. Then pages are read.
//
//   node scripts/bench.mjs journal [rounds] [events]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Journal } from '../src/journal/journal.ts';
import { memoryJournal } from '../src/journal/memory.ts';
import { sqliteJournal } from '../src/journal/sqlite.ts';
import type { PlannedBatch } from '../src/model/entry.ts';
import type { Offset } from '../src/model/position.ts';
import { realRuntime } from '../src/runtime/real.ts';
import { loadSqlite } from '../src/runtime/sqlite.ts';
import { batchOf } from './batches.ts';
import { machine, median } from './support.ts';

const BATCH = 100;
const PAGE = 1_000;
/** As many appends under way as a source may have. */
const PIPELINED = 64;

const [, , roundsText = '5', eventsText = '100000'] = process.argv;
const ROUNDS = Number(roundsText);
const EVENTS = Number(eventsText);
const runtime = realRuntime();
const openSqlite = await loadSqlite();

const NAME = 'x'.repeat(172);

function batch(first: number, isOrdered: boolean): PlannedBatch {
  return batchOf({ first, size: BATCH, nameOf: () => NAME, isOrdered });
}

/** Wall time tells what a user gets; on a busy machine the time of the processor is the firmer number. */
interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
}

type Write = (folder: string) => Promise<Cost>;

function stopwatch(): () => Cost {
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return { wallMs: performance.now() - startedAt, cpuMs: (user + system) / 1_000 };
  };
}

/** The loop that anybody would write; `dedupe`: with a row of its own for each event id. */
function raw({ dedupe }: { readonly dedupe: boolean }): Write {
  return (folder) => {
    const db = openSqlite(join(folder, 'raw.db'));
    db.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      CREATE TABLE journal (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
      CREATE TABLE seen (id TEXT PRIMARY KEY) WITHOUT ROWID;
      CREATE TABLE place (source TEXT PRIMARY KEY, position TEXT NOT NULL) WITHOUT ROWID`);
    const insert = db.prepare('INSERT INTO journal VALUES (?, ?)');
    const see = db.prepare('INSERT INTO seen VALUES (?)');
    const keep = db.prepare('INSERT OR REPLACE INTO place VALUES (?, ?)');
    const [begin, commit] = [db.prepare('BEGIN IMMEDIATE'), db.prepare('COMMIT')];
    const batches = prepared(!dedupe);
    const stop = stopwatch();
    let id = 0;
    for (const { events, position } of batches) {
      begin.run();
      for (const one of events) {
        insert.run(++id, JSON.stringify(one));
        if (dedupe) see.run(one.id);
      }
      keep.run('shop-db', position ?? '');
      commit.run();
    }
    const cost = stop();
    db.exec('PRAGMA journal_mode = DELETE');
    db.close();
    return Promise.resolve(cost);
  };
}

function ours({ ordered, pipelined }: { readonly ordered: boolean; readonly pipelined: boolean }): Write {
  return async (folder) => {
    const journal = await sqliteJournal.open({ runtime, baseDir: folder }, { path: 'ours.db', synchronous: 'full' });
    const batches = prepared(ordered);
    const stop = stopwatch();
    await appendAll(journal, batches, pipelined ? PIPELINED : 1);
    const cost = stop();
    await journal.close();
    return cost;
  };
}

async function appendAll(journal: Journal, batches: readonly PlannedBatch[], atOnce: number): Promise<void> {
  const pending: Promise<unknown>[] = [];
  for (const one of batches) {
    pending.push(journal.append(one));
    if (pending.length >= atOnce) await pending.shift();
  }
  await Promise.all(pending);
}

function prepared(ordered: boolean): PlannedBatch[] {
  return Array.from({ length: EVENTS / BATCH }, (_, index) => batch(index * BATCH, ordered));
}

async function inFolder<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'));
  try {
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function readAll(journal: Journal): Promise<Cost> {
  const stop = stopwatch();
  for (let after = 0; after < EVENTS;) after += (await journal.read(after as Offset, PAGE)).length;
  return stop();
}

function sqliteVersion(): string {
  const db = openSqlite(':memory:');
  const row = db.prepare('SELECT sqlite_version() AS version').get() as { readonly version: string };
  db.close();
  return row.version;
}

const writes: Readonly<Record<string, Write>> = {
  'raw loop': raw({ dedupe: false }),
  'ours, each append awaited': ours({ ordered: true, pipelined: false }),
  'ours, 64 appends under way': ours({ ordered: true, pipelined: true }),
  'raw loop with a row per id': raw({ dedupe: true }),
  'ours, events told apart by id': ours({ ordered: false, pipelined: false }),
};

const costs = new Map<string, Cost[]>(Object.keys(writes).map((name) => [name, []]));
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, write] of Object.entries(writes)) {
    const cost = await inFolder(write);
    // The first round warms up.
    if (round > 0) costs.get(name)?.push(cost);
  }
}
const perSecond = (ms: number): number => Math.round((EVENTS / ms) * 1_000);
const medianOf = (name: string, of: keyof Cost): number => median((costs.get(name) ?? []).map((cost) => cost[of]));
const bytes = String(JSON.stringify(batch(1, true).events[0]).length);
console.log(
  `append: ${String(EVENTS)} events of ${bytes} bytes in batches of ${String(BATCH)}, median of ${String(ROUNDS)} rounds\n${machine()}; SQLite ${sqliteVersion()}`,
);
console.table(
  Object.fromEntries(
    Object.keys(writes).map((name) => {
      const base = name.endsWith('id') ? 'raw loop with a row per id' : 'raw loop';
      const ratio = (of: keyof Cost): number => Number((medianOf(base, of) / medianOf(name, of)).toFixed(2));
      return [
        name,
        {
          'events/s': perSecond(medianOf(name, 'wallMs')),
          'ratio to its raw loop': ratio('wallMs'),
          'CPU us an event': Number(((medianOf(name, 'cpuMs') * 1_000) / EVENTS).toFixed(1)),
          'ratio of CPU': ratio('cpuMs'),
        },
      ];
    }),
  ),
);

await inFolder(async (folder) => {
  const sqlite = await sqliteJournal.open({ runtime, baseDir: folder }, { path: 'read.db', synchronous: 'normal' });
  const memory = await memoryJournal.open({ runtime, baseDir: folder }, { max_entries: EVENTS });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  for (const journal of [sqlite, memory]) await appendAll(journal, prepared(true), PIPELINED);
  delay.disable();
  const rows: Record<string, object> = {};
  const row = (wallMs: number, cpuMs: number): object => ({
    'entries/s': perSecond(wallMs),
    'CPU us an entry': Number(((cpuMs * 1_000) / EVENTS).toFixed(2)),
  });
  for (const journal of [sqlite, memory]) {
    const reads: Cost[] = [];
    for (let round = 0; round <= ROUNDS; round++) reads.push(await readAll(journal));
    const of = (key: keyof Cost): number => median(reads.slice(1).map((cost) => cost[key]));
    rows[`read, ${journal.report.type}`] = row(of('wallMs'), of('cpuMs'));
    const stop = stopwatch();
    await journal.mentions('product:1', 10, EVENTS);
    const { wallMs, cpuMs } = stop();
    rows[`mentions, ${journal.report.type}`] = row(wallMs, cpuMs);
  }
  console.log(`pages of ${String(PAGE)}, median of ${String(ROUNDS)} rounds; a search over everything`);
  console.table(rows);
  console.log(
    `event loop while appending: p50 ${(delay.percentile(50) / 1e6).toFixed(1)} ms, p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms, max ${(delay.max / 1e6).toFixed(1)} ms; ${String(Math.round((sqlite.report.bytes ?? 0) / EVENTS))} bytes an entry`,
  );
  await sqlite.close();
  await memory.close();
});
