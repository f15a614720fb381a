import { TidemarkError } from '../errors.ts';
import { SQLITE, sqliteCode, type SqliteDatabase, type SqliteOpen } from '../runtime/sqlite.ts';

/** Marks the file as ours in SQLite's header ("Tide"), so that no other database is ever written into. */
const APPLICATION_ID = 0x54696465;

/**
 * Each step takes the schema one version on; `PRAGMA user_version` counts the steps that a file has had. Steps are
 * never changed once released: a change is a new step, and opening an older file runs the steps that it lacks.
 */
const STEPS: readonly string[] = [
  `CREATE TABLE names (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
   CREATE TABLE entries (
     offset INTEGER PRIMARY KEY,
     event TEXT, -- source and event id where upstream has no order: what tells a repeated event
     body TEXT NOT NULL -- checksum, then the JSON array of codec.ts
   ) STRICT;
   CREATE UNIQUE INDEX entries_event ON entries (event) WHERE event IS NOT NULL;
   CREATE TABLE sources (source TEXT PRIMARY KEY, history TEXT NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE cursors (consumer TEXT PRIMARY KEY, "offset" INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE dead_letters (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL) STRICT;
   CREATE TABLE trimmed (id INTEGER PRIMARY KEY CHECK (id = 0), "offset" INTEGER NOT NULL) STRICT;
   INSERT INTO trimmed VALUES (0, 0);`,
  `CREATE TABLE identity (id INTEGER PRIMARY KEY CHECK (id = 0), epoch TEXT NOT NULL, life INTEGER NOT NULL) STRICT;`,
];

/** A large transaction makes the WAL grow; once it is in the file, no more than this of it stays on the disk. */
const WAL_BYTES_KEPT = 64 * 1024 * 1024;

export interface JournalFile {
  readonly path: string;
  readonly synchronous: 'full' | 'normal';
}

/**
 * Opens the file, takes it for this process alone and brings its schema up to date.
 *
 * The lock is SQLite's own in `locking_mode=EXCLUSIVE`: the operating system drops it with the process, so after a
 * kill -9 the next one opens at once, which a lock file with a process id could not promise. It also keeps the WAL's
 * index in memory instead of in a shared file. The price: no other program reads the file while a daemon runs.
 */
export function openJournalFile(open: SqliteOpen, file: JournalFile): SqliteDatabase {
  let db: SqliteDatabase | undefined;
  let close = abandon;
  try {
    db = open(file.path);
    db.exec('PRAGMA locking_mode = EXCLUSIVE');
    // The first read takes the lock. Nothing is written before the file is known to be ours.
    const version = schemaVersion(db, file.path);
    close = closeAfterError;
    db.exec('PRAGMA journal_mode = WAL');
    db.exec(`PRAGMA journal_size_limit = ${String(WAL_BYTES_KEPT)}`);
    db.exec(`PRAGMA synchronous = ${file.synchronous === 'normal' ? 'NORMAL' : 'FULL'}`);
    db.exec('BEGIN IMMEDIATE');
    upgrade(db, version);
    db.exec('COMMIT');
    return db;
  } catch (error) {
    if (db) close(db);
    throw openError(error, file.path);
  }
}

/**
 * Leaves one plain file behind and gives the lock back. Both by hand: the driver for Node 20 does not finalize prepared
 * statements when it closes, so SQLite would keep the connection, and with it the lock, until they are collected.
 */
export function closeJournalFile(db: SqliteDatabase): void {
  try {
    db.exec('PRAGMA journal_mode = DELETE');
    giveLockBack(db);
  } finally {
    db.close();
  }
}

/** Closes after an error, which is the one that the user needs; a damaged file may keep its lock until we end. */
export function closeAfterError(db: SqliteDatabase): void {
  try {
    closeJournalFile(db);
  } catch {
    return;
  }
}

/** Closes a file that is not to be touched. */
function abandon(db: SqliteDatabase): void {
  try {
    giveLockBack(db);
  } catch {
    return;
  } finally {
    db.close();
  }
}

function giveLockBack(db: SqliteDatabase): void {
  db.exec('PRAGMA locking_mode = NORMAL');
  db.prepare('SELECT count(*) FROM sqlite_schema').get();
}

function schemaVersion(db: SqliteDatabase, path: string): number {
  const applicationId = pragma(db, 'application_id');
  const version = pragma(db, 'user_version');
  const tables = Number(db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n']);
  if (applicationId !== APPLICATION_ID && (applicationId !== 0 || version !== 0 || tables > 0)) {
    throw new TidemarkError('JOURNAL_FOREIGN', path);
  }
  if (version > STEPS.length) {
    throw new TidemarkError(
      'JOURNAL_NEWER',
      `${path} has schema version ${String(version)}, this Tidemark knows up to ${String(STEPS.length)}`,
    );
  }
  return version;
}

function upgrade(db: SqliteDatabase, from: number): void {
  for (const step of STEPS.slice(from)) db.exec(step);
  db.exec(`PRAGMA application_id = ${String(APPLICATION_ID)}`);
  db.exec(`PRAGMA user_version = ${String(STEPS.length)}`);
}

function pragma(db: SqliteDatabase, name: 'application_id' | 'user_version'): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
}

function openError(error: unknown, path: string): TidemarkError {
  if (error instanceof TidemarkError) return error;
  const options = { cause: error };
  switch (sqliteCode(error)) {
    case SQLITE.BUSY:
      return new TidemarkError('JOURNAL_LOCKED', path, options);
    case SQLITE.NOTADB:
      return new TidemarkError('JOURNAL_FOREIGN', path, options);
    case SQLITE.CORRUPT:
      return new TidemarkError('JOURNAL_CORRUPT', path, options);
    case SQLITE.FULL:
    case SQLITE.IOERR:
      return new TidemarkError('JOURNAL_WRITE_FAILED', `${path}: ${messageOf(error)}`, options);
    default:
      return new TidemarkError('JOURNAL_OPEN_FAILED', `${path}: ${messageOf(error)}`, options);
  }
}

/** The error of a statement that ran on an open journal, as the caller of the journal meets it. */
export function journalError(error: unknown, path: string): Error {
  const code = sqliteCode(error);
  if (code === null && error instanceof Error) return error;
  const damaged = code === SQLITE.CORRUPT || code === SQLITE.NOTADB;
  return new TidemarkError(damaged ? 'JOURNAL_CORRUPT' : 'JOURNAL_WRITE_FAILED', `${path}: ${messageOf(error)}`, {
    cause: error,
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
