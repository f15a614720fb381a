// A real file system that takes no more: the process may not make a file larger than a limit, so that SQLite meets a
// failing write in the middle of its WAL or of the database, as it does on a full disk.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { builtCli } from '../../test/support/built.ts';
import { run } from '../../test/support/children.ts';
import { ORIGIN } from '../model/position.ts';
import { realRuntime } from '../runtime/real.ts';
import { sqliteJournal } from './sqlite.ts';

interface Told {
  readonly appended: number;
  readonly code: string;
  readonly reaction: string;
  readonly head: number;
  readonly read: number;
  readonly again: string;
}

const FILLER = join(import.meta.dirname, '../../test/support/journal-filler.mjs');

it.skipIf(process.platform === 'win32').each([200, 1_000, 9_000])(
  'a file that may not grow beyond %i kB fails appends with nothing half-written, and goes on once it may',
  { timeout: 60_000 },
  async (kilobytes) => {
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-full-'));
    try {
      // In blocks of 512 bytes.
      const script = `ulimit -f ${String(kilobytes * 2)}; exec "$@"`;
      const args = [process.execPath, FILLER, dirname(dirname(builtCli())), folder];
      const told = JSON.parse(await run('sh', ['-c', script, 'sh', ...args])) as Told;
      expect(told).toMatchObject({ code: 'JOURNAL_WRITE_FAILED', reaction: 'retry', again: 'JOURNAL_WRITE_FAILED' });
      expect(told.appended).toBeGreaterThan(5);
      expect([told.head, told.read]).toEqual([told.appended, told.appended]);

      const context = { runtime: realRuntime(), baseDir: folder };
      const journal = await sqliteJournal.open(context, { path: 'journal.db', synchronous: 'full' });
      const entries = await journal.read(ORIGIN, 1_000_000);
      const numbers = entries.map(({ event }) => Number(event.id));
      expect(numbers).toEqual(numbers.map((_, index) => index + 1));
      // What failed at the very end of its write may be there after all: a phantom that is sent again, never a hole.
      expect(numbers.length - told.appended).toBeLessThanOrEqual(1);
      expect(numbers.length).toBeGreaterThanOrEqual(told.appended);
      expect(Number((await journal.resumeAt('s'))?.position)).toBe(numbers.length);
      await journal.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
