import { crc32 } from 'node:zlib';
import { TidemarkError } from '../errors.ts';
import type { Entry } from '../model/entry.ts';
import type { Millis, Offset, SourceId } from '../model/position.ts';
import type { SqliteDatabase, SqliteStatement, SqliteValue } from '../runtime/sqlite.ts';
import { decodeEntry, encodeEntry, RECEIVED_AT_PATH, type Unplaced } from './codec.ts';
import type { Past } from './history.ts';
import { closeJournalFile } from './sqlite-schema.ts';
import { SqliteNames } from './sqlite-names.ts';

/** Rows per INSERT: half the cost of one by one; beyond this the gain is within the noise. */
const ROWS_AT_ONCE = 25;

const INSERT_ONE = 'INSERT INTO entries (offset, body) VALUES (?, ?)';
const INSERT_MANY = `INSERT INTO entries (offset, body) VALUES ${Array(ROWS_AT_ONCE).fill('(?, ?)').join()}`;
const SELECT = 'SELECT offset, body FROM entries WHERE offset > ? AND offset <= ? ORDER BY offset LIMIT ?';

/** The journal's tables and every statement on them. Synchronous; knows nothing of queues or time. */
export class SqliteStore {
  readonly #db: SqliteDatabase;
  readonly #names: SqliteNames;
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(db: SqliteDatabase) {
    this.#db = db;
    this.#names = new SqliteNames(db);
  }

  begin(): void {
    this.#db.exec('BEGIN IMMEDIATE');
  }

  commit(): void {
    this.#names.save();
    this.#db.exec('COMMIT');
    this.#names.keep();
  }

  rollback(): void {
    this.#names.drop();
    // SQLite has rolled back by itself after some errors; then there is no transaction to end.
    try {
      this.#db.exec('ROLLBACK');
    } catch {
      return;
    }
  }

  encode(entry: Unplaced): string {
    const json = encodeEntry(entry, this.#names);
    return `${String(crc32(json))}${json}`;
  }

  /** Inserts encoded entries from index `from` on, at most `ROWS_AT_ONCE`; returns how many. */
  insert(bodies: readonly string[], from: number, firstOffset: number): number {
    const count = bodies.length - from < ROWS_AT_ONCE ? 1 : ROWS_AT_ONCE;
    const values: SqliteValue[] = [];
    for (let index = 0; index < count; index++) values.push(firstOffset + index, bodies[from + index] ?? '');
    this.#statement(count === 1 ? INSERT_ONE : INSERT_MANY).run(...values);
    return count;
  }

  /** Inserts one encoded entry of a source without order, with what tells a repeated event. */
  insertEvent(body: string, offset: number, source: SourceId, id: string): void {
    this.#statement('INSERT INTO entries (offset, body, event) VALUES (?, ?, ?)').run(
      offset,
      body,
      eventKey(source, id),
    );
  }

  read(after: number, upTo: number, limit: number): Entry[] {
    return this.#statement(SELECT)
      .all(after, upTo, limit)
      .map((row) => this.#entry(row['offset'] as Offset, row['body'] as string));
  }

  /** Entries of a range, newest first, whose text contains `needle`. */
  search(needle: string, after: number, upTo: number, limit: number): Entry[] {
    const rows = this.#statement(
      `SELECT offset, body FROM entries WHERE offset > ? AND offset <= ? AND instr(body, ?) > 0
       ORDER BY offset DESC LIMIT ?`,
    ).all(after, upTo, needle, limit);
    return rows.map((row) => this.#entry(row['offset'] as Offset, row['body'] as string));
  }

  offsetOfEvent(source: SourceId, id: string): Offset | null {
    const row = this.#statement('SELECT offset FROM entries WHERE event = ?').get(eventKey(source, id));
    return row ? (row['offset'] as Offset) : null;
  }

  bounds(): { readonly first: Offset; readonly head: Offset } {
    const row = this.#statement(
      `SELECT t."offset" AS trimmed, (SELECT max(offset) FROM entries) AS newest FROM trimmed t`,
    ).get();
    const trimmed = Number(row?.['trimmed'] ?? 0);
    return { first: (trimmed + 1) as Offset, head: Math.max(trimmed, Number(row?.['newest'] ?? 0)) as Offset };
  }

  saveHistory(source: SourceId, past: Past): void {
    this.#statement('INSERT OR REPLACE INTO sources VALUES (?, ?)').run(source, JSON.stringify(past));
  }

  histories(): (readonly [SourceId, Past])[] {
    return this.#statement('SELECT * FROM sources')
      .all()
      .map((row) => [row['source'] as string, JSON.parse(row['history'] as string) as Past]);
  }

  saveCursor(consumer: string, offset: Offset): void {
    this.#statement('INSERT OR REPLACE INTO cursors VALUES (?, ?)').run(consumer, offset);
  }

  cursors(): (readonly [string, Offset])[] {
    return this.#statement('SELECT * FROM cursors')
      .all()
      .map((row) => [row['consumer'] as string, row['offset'] as Offset]);
  }

  /** The first offset of a range that was received at or after `time`; `null` when all are older. */
  firstSince(time: Millis, after: number, upTo: number): Offset | null {
    const row = this.#statement(
      `SELECT offset FROM entries WHERE offset > ? AND offset <= ?
       AND json_extract(substr(body, instr(body, '[')), '${RECEIVED_AT_PATH}') >= ? ORDER BY offset LIMIT 1`,
    ).get(after, upTo, time);
    return row ? (row['offset'] as Offset) : null;
  }

  forget(upTo: number): void {
    this.#statement('DELETE FROM entries WHERE offset <= ?').run(upTo);
    this.#statement('UPDATE trimmed SET "offset" = ?').run(upTo);
  }

  bytes(): number {
    const pages = this.#statement('PRAGMA page_count').get()?.['page_count'];
    const size = this.#statement('PRAGMA page_size').get()?.['page_size'];
    return Number(pages) * Number(size);
  }

  close(): void {
    closeJournalFile(this.#db);
  }

  #entry(offset: Offset, body: string): Entry {
    const start = body.indexOf('[');
    const json = body.slice(start);
    try {
      if (crc32(json) === Number(body.slice(0, start))) return decodeEntry(offset, json, this.#names);
    } catch (cause) {
      throw new TidemarkError('JOURNAL_CORRUPT', `entry ${String(offset)} cannot be read`, { cause });
    }
    throw new TidemarkError('JOURNAL_CORRUPT', `entry ${String(offset)} does not match its checksum`);
  }

  #statement(sql: string): SqliteStatement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** JSON keeps what SQLite's text would not: NUL and lone surrogates, which could make two identifiers one. */
function eventKey(source: SourceId, id: string): string {
  return JSON.stringify([source, id]);
}
