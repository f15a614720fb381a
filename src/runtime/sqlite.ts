import { TidemarkError } from '../errors.ts';

export type SqliteValue = null | number | bigint | string | Uint8Array;
export type SqliteRow = Readonly<Record<string, SqliteValue>>;

/** The part of `node:sqlite` that Tidemark uses. All calls are synchronous. */
export interface SqliteDatabase {
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

export interface SqliteStatement {
  run(...parameters: readonly SqliteValue[]): {
    readonly changes: number | bigint;
    readonly lastInsertRowid: number | bigint;
  };
  get(...parameters: readonly SqliteValue[]): SqliteRow | undefined;
  all(...parameters: readonly SqliteValue[]): readonly SqliteRow[];
}

export interface SqliteOpenOptions {
  readonly readOnly?: boolean;
  /** How long a call waits for a lock that another connection holds. Default 0: it fails at once. */
  readonly timeoutMs?: number;
}

/** How a database is opened; tests put their own in place to make a disk fail. */
export type SqliteOpen = (path: string, options?: SqliteOpenOptions) => SqliteDatabase;

interface Driver {
  readonly DatabaseSync: new (path: string, options: { readOnly: boolean; timeout: number }) => SqliteDatabase;
}

let loading: Promise<Driver> | undefined;

/** Loads the driver once: the built-in one where Node has it, so that nothing else needs to be installed there. */
export async function loadSqlite(): Promise<SqliteOpen> {
  loading ??= loadDriver();
  const { DatabaseSync } = await loading;
  return (path, { readOnly = false, timeoutMs = 0 } = {}) => new DatabaseSync(path, { readOnly, timeout: timeoutMs });
}

async function loadDriver(): Promise<Driver> {
  const builtIn = loadBuiltIn();
  if (builtIn) return builtIn;
  try {
    return await import('@photostructure/sqlite');
  } catch (cause) {
    loading = undefined;
    throw new TidemarkError('SQLITE_UNAVAILABLE', `Node ${process.version} on ${process.platform} ${process.arch}`, {
      cause,
    });
  }
}

/**
 * Node announces its own module with an ExperimentalWarning that a user can do nothing about. Only that one warning is
 * held back, and only during this synchronous call; a filter on `warning` events would have to stay for good.
 */
function loadBuiltIn(): Driver | undefined {
  const warn = process.emitWarning.bind(process);
  const restore = Object.getOwnPropertyDescriptor(process, 'emitWarning');
  process.emitWarning = (warning: string | Error, ...rest: [never]) => {
    if (!String(warning).includes('SQLite is an experimental feature')) warn(warning, ...rest);
  };
  try {
    return process.getBuiltinModule('node:sqlite') as Driver | undefined;
  } finally {
    if (restore) Object.defineProperty(process, 'emitWarning', restore);
  }
}

/** SQLite's result codes that a caller tells apart (https://sqlite.org/rescode.html). */
export const SQLITE = { BUSY: 5, READONLY: 8, IOERR: 10, CORRUPT: 11, FULL: 13, CANTOPEN: 14, NOTADB: 26 } as const;

/** SQLite's own sentences: the package's `all` throws with these alone, without the code. */
const SENTENCES: readonly (readonly [sentence: string, code: number])[] = [
  ['database is locked', SQLITE.BUSY],
  ['attempt to write a readonly database', SQLITE.READONLY],
  ['disk I/O error', SQLITE.IOERR],
  ['database disk image is malformed', SQLITE.CORRUPT],
  ['database or disk is full', SQLITE.FULL],
  ['unable to open database file', SQLITE.CANTOPEN],
  ['file is not a database', SQLITE.NOTADB],
];

/** What SQLite reports for everything else, e.g. a table that is missing. */
const GENERIC = 1;

/** SQLite's primary result code of an error; `null` when it did not come from SQLite. */
export function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error)) return null;
  if ('errcode' in error && typeof error.errcode === 'number') return error.errcode & 0xff;
  if (!('code' in error) || error.code !== 'ERR_SQLITE_ERROR') return null;
  return SENTENCES.find(([sentence]) => error.message.includes(sentence))?.[1] ?? GENERIC;
}
