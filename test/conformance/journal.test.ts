import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { memoryJournal } from '../../src/journal/memory.ts';
import { sqliteJournal } from '../../src/journal/sqlite.ts';
import { virtualRuntime } from '../../src/runtime/virtual.ts';
import { journalConformance } from './journal.ts';

const runtime = virtualRuntime();

journalConformance({ describe, it }, 'memory', async () => {
  const journal = await memoryJournal.open({ runtime, baseDir: '' }, { max_entries: 1_000_000 });
  return { journal, dispose: () => journal.close() };
});

for (const synchronous of ['full', 'normal'] as const) {
  journalConformance({ describe, it }, `sqlite, synchronous ${synchronous}`, async () => {
    const baseDir = await mkdtemp(join(tmpdir(), 'tidemark-journal-'));
    const open = (): ReturnType<typeof sqliteJournal.open> =>
      sqliteJournal.open({ runtime, baseDir }, { path: 'journal.db', synchronous });
    let journal = await open();
    return {
      journal,
      restart: async () => {
        await journal.close();
        journal = await open();
        return journal;
      },
      dispose: async () => {
        await journal.close();
        await rm(baseDir, { recursive: true });
      },
    };
  });
}
