// A process that appends is killed (SIGKILL) after a random number of resolved appends, again and again on one file.
// Each time: the file opens at once, everything that was told is there at the offset that was told, offsets have no
// holes, no change is there twice, and the source goes on where it should. 25 rounds; TIDEMARK_LONG=1: 200.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtCli } from '../../test/support/built.ts';
import { exited, startChild } from '../../test/support/children.ts';
import type { Entry } from '../model/entry.ts';
import { ORIGIN, type Offset } from '../model/position.ts';
import { realRuntime } from '../runtime/real.ts';
import { SeededRandom } from '../runtime/virtual.ts';
import type { Journal } from './journal.ts';
import { sqliteJournal } from './sqlite.ts';

const ROUNDS = process.env['TIDEMARK_LONG'] === '1' ? 200 : 25;
const WRITER = join(import.meta.dirname, '../../test/support/journal-writer.mjs');

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-kill-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Runs the writer until it has told `lines` appends, kills it, and returns all that it told. */
async function writeAndKill(seed: number, lines: number): Promise<readonly string[]> {
  const args = [WRITER, dirname(dirname(builtCli())), folder, String(seed)];
  const child = startChild(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const told: string[] = [];
  for await (const line of createInterface({ input: child.stdout! })) {
    told.push(line);
    if (told.length === lines) child.kill('SIGKILL');
  }
  await exited(child);
  expect(child.signalCode).toBe('SIGKILL');
  return told;
}

async function everyEntry(journal: Journal): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for (let after: number = ORIGIN; after < journal.head; after = entries.length) {
    entries.push(...(await journal.read(after as Offset, 10_000)));
  }
  return entries;
}

describe('kill -9', () => {
  it(
    `loses nothing that was told and repeats nothing, ${String(ROUNDS)} times on one file`,
    { timeout: ROUNDS * 20_000 },
    async () => {
      const random = new SeededRandom(11);
      const told = new Map<number, string>();
      for (let seed = 1; seed <= ROUNDS; seed++) {
        for (const line of await writeAndKill(seed, 1 + Math.floor(random.next() * 400))) {
          // The last line may have been cut by the kill.
          const [, offset, id] = /^(\d+) (\S+)$/.exec(line) ?? [];
          if (offset !== undefined && id !== undefined) told.set(Number(offset), id);
        }
        const journal = await sqliteJournal.open(
          { runtime: realRuntime(), baseDir: folder },
          { path: 'journal.db', synchronous: 'full' },
        );
        const entries = await everyEntry(journal);
        const resume = await journal.resumeAt('feed');
        await journal.close();

        expect(entries.map(({ offset }) => offset)).toEqual(entries.map((_, index) => index + 1));
        const names = entries.map(({ source, event }) => `${source} ${event.id}`);
        expect(new Set(names).size).toBe(names.length);
        const offsets = new Map(entries.map(({ event, offset }) => [event.id, offset as number]));
        for (const [offset, id] of told) {
          const kept = offsets.get(id) ?? Infinity;
          // A transaction that was sent again may be told with a later offset of its source.
          if (id.includes(':')) expect(kept).toBeLessThanOrEqual(offset);
          else expect(kept).toBe(offset);
          expect(offset).toBeLessThanOrEqual(entries.length);
        }
        expectWholeFeed(entries, Number(resume?.position ?? 0));
      }
      expect(told.size).toBeGreaterThan(ROUNDS * 20);
    },
  );
});

/** Every transaction up to the place to resume from is there whole and in order; behind it at most the parts of one. */
function expectWholeFeed(entries: readonly Entry[], resumeAt: number): void {
  const found = entries.filter(({ source }) => source === 'feed').map(({ event }) => event.id);
  const expected: string[] = [];
  for (let n = 1; n <= resumeAt; n++) {
    for (let index = 0; index <= n % 9; index++) expected.push(`${String(n)}:${String(index)}`);
  }
  expect(found.slice(0, expected.length)).toEqual(expected);
  const open = found.slice(expected.length);
  expect(open).toEqual(open.map((_, index) => `${String(resumeAt + 1)}:${String(index)}`));
}
