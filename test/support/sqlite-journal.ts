import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { Journal } from '../../src/journal/journal.ts';
import { sqliteJournal, SqliteJournal } from '../../src/journal/sqlite.ts';
import { openJournalFile } from '../../src/journal/sqlite-schema.ts';
import type { PlannedBatch } from '../../src/model/entry.ts';
import { ORIGIN, type Position } from '../../src/model/position.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { loadSqlite } from '../../src/runtime/sqlite.ts';
import { virtualRuntime } from '../../src/runtime/virtual.ts';
import { FaultySqlite } from './faulty-sqlite.ts';

const openSqlite = await loadSqlite();

/** A folder for journals in SQLite, which are closed with it. */
export class JournalFolder {
  readonly baseDir = mkdtempSync(join(tmpdir(), 'tidemark-sqlite-'));
  /** Of the journal that is meant where none is named. */
  readonly path = join(this.baseDir, 'journal.db');
  readonly runtime = virtualRuntime();
  readonly #journals: Journal[] = [];

  async open(name = 'journal.db'): Promise<Journal> {
    const journal = await this.openApart(name);
    this.#journals.push(journal);
    return journal;
  }

  /** The test closes it. */
  openApart(name = 'journal.db'): Promise<Journal> {
    const context = { runtime: this.runtime, baseDir: this.baseDir };
    return sqliteJournal.open(context, sqliteJournal.options.parse({ path: name }));
  }

  openFaulty(on: Runtime = this.runtime): { journal: Journal; disk: FaultySqlite } {
    const disk = new FaultySqlite(openSqlite);
    const file = openJournalFile(disk.open, { path: this.path, synchronous: 'full' });
    const journal = new SqliteJournal(on, this.path, file);
    this.#journals.push(journal);
    disk.ran.length = 0;
    return { journal, disk };
  }

  async close(): Promise<void> {
    for (const journal of this.#journals) await journal.close();
    rmSync(this.baseDir, { recursive: true });
  }
}

/** A new one for each test, given to `take` before it. */
export function folderOfEachTest(take: (folder: JournalFolder) => void): void {
  let folder: JournalFolder;
  beforeEach(() => {
    folder = new JournalFolder();
    take(folder);
  });
  afterEach(() => folder.close());
}

export function tx(n: number, count = 1, source = 's'): PlannedBatch {
  const events = Array.from({ length: count }, (_, index) => ({
    id: `${String(n)}:${String(index)}`,
    type: 't',
    source,
    data: { n, text: 'x'.repeat(100) },
  }));
  const plan = { contractHash: 'h', actions: [], problems: [] };
  const position = String(n).padStart(6, '0') as Position;
  return { source, epoch: 'e', position, first: 0, commit: true, events, plans: events.map(() => plan), receivedAt: n };
}

export async function ids(journal: Journal): Promise<readonly string[]> {
  return (await journal.read(ORIGIN, 1_000_000)).map(({ event }) => event.id);
}

export const commits = ({ ran }: FaultySqlite): number => ran.filter((sql) => sql === 'COMMIT').length;
