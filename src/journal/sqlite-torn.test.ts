// What a power cut leaves: the file and its WAL as they were at some moment, the WAL's end missing or overwritten.
// Everything that had been acknowledged when that much of the WAL was on the disk must be there, and nothing but a
// prefix of what was appended. The WAL is copied beside the running journal, then cut or scribbled on at random.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PlannedBatch } from '../model/entry.ts';
import { ORIGIN, type Offset, type Position } from '../model/position.ts';
import { SeededRandom, virtualRuntime } from '../runtime/virtual.ts';
import type { Journal } from './journal.ts';
import { sqliteJournal } from './sqlite.ts';

let baseDir: string;
let copies = 0;

beforeEach(() => {
  baseDir = mkdtempSync(join(tmpdir(), 'tidemark-torn-'));
});

afterEach(() => {
  rmSync(baseDir, { recursive: true });
});

const runtime = virtualRuntime();
const open = (name: string): Promise<Journal> =>
  sqliteJournal.open({ runtime, baseDir }, { path: name, synchronous: 'full' });

/** Transaction `n` has `n % 7 + 1` changes of 10 to 2,000 bytes. */
function tx(n: number, random: SeededRandom): PlannedBatch {
  const events = Array.from({ length: (n % 7) + 1 }, (_, index) => ({
    id: `${String(n)}:${String(index)}`,
    type: 't',
    source: 's',
    data: 'x'.repeat(10 + Math.floor(random.next() * 2_000)),
  }));
  const plan = { contractHash: 'h', actions: [], problems: [] };
  const position = String(n).padStart(6, '0') as Position;
  return {
    source: 's',
    epoch: 'e',
    position,
    first: 0,
    commit: true,
    events,
    plans: events.map(() => plan),
    receivedAt: n,
  };
}

function sizes(n: number): number {
  return (n % 7) + 1;
}

/** Opens a copy and holds it to the promises: whole transactions, in order, without holes; returns how many. */
async function transactionsIn(name: string): Promise<number> {
  const journal = await open(name);
  try {
    const entries = await journal.read(ORIGIN, 100_000);
    const found: string[] = entries.map(({ event }) => event.id);
    let count = 0;
    const expected: string[] = [];
    while (expected.length < found.length) {
      count++;
      for (let index = 0; index < sizes(count); index++) expected.push(`${String(count)}:${String(index)}`);
    }
    expect(found).toEqual(expected);
    expect(entries.map(({ offset }) => offset)).toEqual(expected.map((_, index) => index + 1));
    const resume = await journal.resumeAt('s');
    expect(Number(resume?.position ?? 0)).toBe(count);
    // It can be gone on with: the source sends the rest again.
    const again = await journal.append(tx(count + 1, new SeededRandom(1)));
    expect(again).toEqual({ offset: (expected.length + sizes(count + 1)) as Offset, duplicates: 0 });
    return count;
  } finally {
    await journal.close();
  }
}

function copy(): string {
  const name = `copy-${String(copies++)}.db`;
  for (const suffix of ['', '-wal']) copyFileSync(join(baseDir, `a.db${suffix}`), join(baseDir, name + suffix));
  return name;
}

describe.each([1, 2, 3, 4])('a power cut (seed %i)', (seed) => {
  it('loses nothing that was acknowledged, wherever it cuts', { timeout: 60_000 }, async () => {
    const random = new SeededRandom(seed);
    const journal = await open('a.db');
    const wal = join(baseDir, 'a.db-wal');
    /** Length of the WAL when a transaction was acknowledged. The WAL here never reaches a checkpoint, so it only grows. */
    const acknowledgedAt: number[] = [];
    let cuts = 0;
    for (let n = 1; n <= 120; n++) {
      await journal.append(tx(n, random));
      const { size } = statSync(wal);
      expect(size).toBeGreaterThan(acknowledgedAt.at(-1) ?? 0);
      acknowledgedAt.push(size);
      if (random.next() < 0.8) continue;
      const torn = copy();
      const bytes = readFileSync(join(baseDir, `${torn}-wal`));
      // Mostly near the end, where a cut happens; sometimes anywhere.
      const back = random.next() < 0.7 ? 20_000 : bytes.length;
      const length = bytes.length - Math.floor(random.next() * Math.min(back, bytes.length));
      if (random.next() < 0.5) writeFileSync(join(baseDir, `${torn}-wal`), bytes.subarray(0, length));
      else writeFileSync(join(baseDir, `${torn}-wal`), bytes.fill(Math.floor(random.next() * 256), length));
      const safe = acknowledgedAt.filter((size) => size <= length).length;
      const found = await transactionsIn(torn);
      expect(found).toBeGreaterThanOrEqual(safe);
      expect(found).toBeLessThanOrEqual(n);
      cuts++;
    }
    await journal.close();
    expect(cuts).toBeGreaterThan(10);
  });

  it(
    'keeps all that was acknowledged in a copy taken at any moment, across checkpoints and while a group is open',
    { timeout: 60_000 },
    async () => {
      const random = new SeededRandom(seed);
      const journal = await open('a.db');
      let acknowledged = 0;
      const appends: Promise<unknown>[] = [];
      for (let n = 1; n <= 600; n++) {
        appends.push(journal.append(tx(n, random)).then(() => (acknowledged = n)));
        if (random.next() < 0.7) await runtime.clock.turn();
        if (random.next() > 0.03) continue;
        const promised = acknowledged;
        expect(await transactionsIn(copy())).toBeGreaterThanOrEqual(promised);
      }
      await Promise.all(appends);
      expect(await transactionsIn(copy())).toBe(600);
      await journal.close();
    },
  );
});
