import { statSync } from 'node:fs';
import { TidemarkError } from '../../errors.ts';
import type { Epoch } from '../../model/position.ts';
import {
  SQLITE,
  sqliteCode,
  type SqliteDatabase,
  type SqliteOpen,
  type SqliteRow,
  type SqliteStatement,
} from '../../runtime/sqlite.ts';
import type { Look } from './continuity.ts';
import { epochTable, OPTIONAL_COLUMNS, outboxSchema } from './schema.ts';

export interface Page extends Look {
  readonly rows: readonly SqliteRow[];
}

/** Why there is nothing to read yet; a person can do something about it. */
export class NotReady {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/**
 * The application's file and its outbox table, open. Reading has a connection of its own that can write nothing; the
 * other one deletes what was acknowledged. No call waits for a lock: the event loop would wait with it.
 */
export class OutboxFile {
  readonly #path: string;
  readonly #table: string;
  readonly #open: SqliteOpen;
  readonly #reader: SqliteDatabase;
  readonly #inode: bigint;
  readonly #dataVersion: SqliteStatement;
  readonly #rows: SqliteStatement;
  readonly #state: SqliteStatement;
  #writing: SqliteDatabase | undefined;
  #delete: SqliteStatement | undefined;

  static open(open: SqliteOpen, path: string, table: string, create: boolean): OutboxFile | NotReady {
    const inode = inodeOf(path);
    if (inode === null) return new NotReady(`there is no file ${path} yet`);
    const reader = open(path, { readOnly: true });
    try {
      if (!isComplete(reader, table)) {
        if (!create) return close(reader, new NotReady(`${path} has no tables ${table} and ${epochTable(table)} yet`));
        createTables(open, path, table);
      }
      const columns = checkedColumns(reader, path, table);
      if (inodeOf(path) !== inode) return close(reader, new NotReady(`${path} is being replaced`));
      return new OutboxFile({ open, path, table, reader, inode, columns });
    } catch (error) {
      reader.close();
      throw error;
    }
  }

  private constructor(parts: {
    readonly open: SqliteOpen;
    readonly path: string;
    readonly table: string;
    readonly reader: SqliteDatabase;
    readonly inode: bigint;
    readonly columns: readonly string[];
  }) {
    const { open, path, table, reader, inode, columns } = parts;
    this.#open = open;
    this.#path = path;
    this.#table = table;
    this.#reader = reader;
    this.#inode = inode;
    this.#dataVersion = reader.prepare('PRAGMA data_version');
    this.#rows = reader.prepare(`SELECT ${columns.join(', ')} FROM ${table} WHERE id > ? ORDER BY id LIMIT ?`);
    this.#state = reader.prepare(
      `SELECT (SELECT epoch FROM ${epochTable(table)}) AS epoch,
              (SELECT seq FROM sqlite_sequence WHERE name = '${table}') AS sequence,
              (SELECT min(id) FROM ${table}) AS oldest`,
    );
  }

  /** False when the path leads to another file by now: this one would never change again. */
  get isCurrent(): boolean {
    return inodeOf(this.#path) === this.#inode;
  }

  /** A number that another connection's commit changes. */
  dataVersion(): number {
    return Number(this.#dataVersion.get()?.['data_version']);
  }

  /** Rows behind an id, with the table's state in the same snapshot. */
  page(after: number, limit: number): Page {
    this.#reader.exec('BEGIN');
    try {
      const state = this.#state.get();
      const rows = this.#rows.all(after, limit);
      return {
        rows,
        ids: rows.map((row) => Number(row['id'])),
        ...endOf(state),
        oldest: state?.['oldest'] == null ? null : Number(state['oldest']),
      };
    } finally {
      // A transaction that only read has nothing to commit; this also ends one that failed.
      this.#reader.exec('ROLLBACK');
    }
  }

  /** The highest id that a committed row has had, and whose it is. */
  end(): Pick<Page, 'epoch' | 'sequence'> {
    return endOf(this.#state.get());
  }

  /** Deletes at most `limit` rows up to an id; returns how many. */
  delete(upTo: number, limit: number): number {
    this.#delete ??= this.#writer().prepare(
      `DELETE FROM ${this.#table} WHERE id IN (SELECT id FROM ${this.#table} WHERE id <= ? ORDER BY id LIMIT ?)`,
    );
    return Number(this.#delete.run(upTo, limit).changes);
  }

  /** Gives the outbox another epoch: what it counts from now on is not what it counted before. */
  renew(epoch: Epoch): void {
    this.#writer()
      .prepare(`UPDATE ${epochTable(this.#table)} SET epoch = ?`)
      .run(epoch);
  }

  get journalMode(): string {
    return String(this.#reader.prepare('PRAGMA journal_mode').get()?.['journal_mode']);
  }

  close(): void {
    this.#writing?.close();
    this.#reader.close();
  }

  #writer(): SqliteDatabase {
    this.#writing ??= this.#open(this.#path);
    return this.#writing;
  }
}

function endOf(state: SqliteRow | undefined): Pick<Page, 'epoch' | 'sequence'> {
  return { epoch: String(state?.['epoch'] ?? ''), sequence: Number(state?.['sequence'] ?? 0) };
}

/** Whether it is only that somebody else holds a lock just now. */
export function isBusy(error: unknown): boolean {
  return sqliteCode(error) === SQLITE.BUSY;
}

/** In one transaction, which closing ends should it fail on the way. */
function createTables(open: SqliteOpen, path: string, table: string): void {
  const writer = open(path);
  try {
    writer.exec(`BEGIN IMMEDIATE; ${outboxSchema(table)} COMMIT;`);
  } finally {
    writer.close();
  }
}

function close<T>(db: SqliteDatabase, result: T): T {
  db.close();
  return result;
}

/** An inode is not given again while a connection has it open, so another file always has another one. */
function inodeOf(path: string): bigint | null {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino ?? null;
}

function isComplete(db: SqliteDatabase, table: string): boolean {
  if (!hasTable(db, table) || !hasTable(db, epochTable(table))) return false;
  return db.prepare(`SELECT epoch FROM ${epochTable(table)}`).get() !== undefined;
}

function hasTable(db: SqliteDatabase, table: string): boolean {
  return db.prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?`).get(table) !== undefined;
}

function checkedColumns(db: SqliteDatabase, path: string, table: string): string[] {
  const sql = String(db.prepare(`SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?`).get(table)?.['sql']);
  const columns = new Set(
    db
      .prepare(`PRAGMA table_info(${table})`)
      .all()
      .map((row) => String(row['name'])),
  );
  const missing = ['id', 'type', 'data'].filter((column) => !columns.has(column));
  if (missing.length > 0) {
    throw new TidemarkError('OUTBOX_TABLE_INVALID', `${table} in ${path} has no column ${missing.join(', ')}`);
  }
  if (!/\bAUTOINCREMENT\b/i.test(sql)) {
    throw new TidemarkError('OUTBOX_TABLE_INVALID', `${table} in ${path}: id is not INTEGER PRIMARY KEY AUTOINCREMENT`);
  }
  return ['id', 'type', 'data', ...OPTIONAL_COLUMNS.filter((column) => columns.has(column))];
}
