import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSqlite, SQLITE, sqliteCode, type SqliteDatabase } from './sqlite.ts';

const open = await loadSqlite();

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-driver-'));
  path = join(folder, 'a.db');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('the code of an error', () => {
  it.each<[string, (db: SqliteDatabase) => unknown]>([
    ['exec', (db) => db.exec('SELECT * FROM t')],
    ['get', (db) => db.prepare('SELECT * FROM t').get()],
    ['all', (db) => db.prepare('SELECT * FROM t').all()],
    ['run', (db) => db.prepare('INSERT INTO t VALUES (1)').run()],
  ])('is told for a lock that `%s` meets', (_, use) => {
    const holder = open(path);
    holder.exec('CREATE TABLE t (a)');
    const other = open(path);
    holder.exec('BEGIN EXCLUSIVE');
    expect(sqliteCode(thrown(() => use(other)))).toBe(SQLITE.BUSY);
    holder.exec('COMMIT');
    holder.close();
    other.close();
  });

  it('is told for a file that is no database, and for one that cannot be opened', () => {
    writeFileSync(path, 'x'.repeat(5_000));
    expect(sqliteCode(thrown(() => open(path).prepare('SELECT * FROM t').all()))).toBe(SQLITE.NOTADB);
    expect(sqliteCode(thrown(() => open(join(path, 'no', 'such'))))).toBe(SQLITE.CANTOPEN);
  });

  it('is told for a write through a read-only connection', () => {
    open(path).exec('CREATE TABLE t (a)');
    const reader = open(path, { readOnly: true });
    expect(sqliteCode(thrown(() => reader.prepare('INSERT INTO t VALUES (1)').run()))).toBe(SQLITE.READONLY);
  });

  it('is null for what did not come from SQLite', () => {
    expect([new Error('database is locked'), null, 'x', { errcode: 5 }].map(sqliteCode)).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });
});
