import { crc32 } from 'node:zlib';
import { TidemarkError } from '../errors.ts';
import type { Entry } from '../model/entry.ts';
import type { Millis, Offset, Position, Resume, SourceId } from '../model/position.ts';
import type { SqliteDatabase, SqliteStatement, SqliteValue } from '../runtime/sqlite.ts';
import { decodeEntry, encodeEntry, RECEIVED_AT_PATH, type Unplaced } from './codec.ts';
import type { Feed } from './history.ts';
import { closeJournalFile } from './sqlite-schema.ts';
import { SqliteNames } from './sqlite-names.ts';

export interface Row {
  /** What tells a repeated event of a source without order; `null` for the others. */
  readonly event: string | null;
  readonly body: string;
}

/** Rows per INSERT: half the cost of one by one; beyond this the gain is within the noise. */
const ROWS_AT_ONCE = 25;

/** The journal's tables and every statement on them. Synchronous; knows nothing of queues or time. */
export class SqliteStore {
  readonly #db: SqliteDatabase;
  readonly #names: SqliteNames;
  readonly #insertOne: SqliteStatement;
  readonly #insertMany: SqliteStatement;
  readonly #select: SqliteStatement;
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(db: SqliteDatabase) {
    this.#db = db;
    this.#names = new SqliteNames(db);
    this.#insertOne = db.prepare('INSERT INTO entries (offset, event, body) VALUES (?, ?, ?)');
    this.#insertMany = db.prepare(
      `INSERT INTO entries (offset, event, body) VALUES ${Array(ROWS_AT_ONCE).fill('(?, ?, ?)').join()}`,
    );
    this.#select = db.prepare(
      'SELECT offset, body FROM entries WHERE offset > ? AND offset <= ? ORDER BY offset LIMIT ?',
    );
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

  encode(entry: Unplaced): Row {
    const json = encodeEntry(entry, this.#names);
    return {
      event: entry.position === null ? eventKey(entry.source, entry.event.id) : null,
      body: `${String(crc32(json))}${json}`,
    };
  }

  /** Inserts rows from index `from` on, at most `ROWS_AT_ONCE`; returns how many. */
  insert(rows: readonly Row[], from: number, firstOffset: number): number {
    if (rows.length - from < ROWS_AT_ONCE) {
      const row = rows[from];
      if (!row) return 0;
      this.#insertOne.run(firstOffset, row.event, row.body);
      return 1;
    }
    const values: SqliteValue[] = [];
    for (let index = 0; index < ROWS_AT_ONCE; index++) {
      const row = rows[from + index];
      if (row) values.push(firstOffset + index, row.event, row.body);
    }
    this.#insertMany.run(...values);
    return ROWS_AT_ONCE;
  }

  read(after: number, upTo: number, limit: number): Entry[] {
    return this.#select
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

  saveFeed(feed: Feed): void {
    this.#statement('INSERT OR REPLACE INTO feeds VALUES (?, ?, ?, ?, ?, ?)').run(
      feed.source,
      feed.epoch,
      feed.position,
      feed.count,
      feed.committed ? 1 : 0,
      feed.offset,
    );
  }

  saveResume(source: SourceId, { epoch, position }: Resume): void {
    this.#statement('INSERT OR REPLACE INTO resumes VALUES (?, ?, ?)').run(source, epoch, position);
  }

  feeds(): Feed[] {
    return this.#statement('SELECT * FROM feeds')
      .all()
      .map((row) => ({
        source: row['source'] as string,
        epoch: row['epoch'] as string,
        position: row['position'] as Position,
        count: Number(row['count']),
        committed: row['committed'] === 1,
        offset: row['offset'] as Offset,
      }));
  }

  resumes(): (readonly [SourceId, Resume])[] {
    return this.#statement('SELECT * FROM resumes')
      .all()
      .map((row) => [
        row['source'] as string,
        { epoch: row['epoch'] as string, position: row['position'] as Position },
      ]);
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
