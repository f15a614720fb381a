import { TidemarkError } from '../errors.ts';
import type { Entry } from '../model/entry.ts';
import type { Millis, Offset, SourceId } from '../model/position.ts';
import type { SqliteDatabase, SqliteStatement, SqliteValue } from '../runtime/sqlite.ts';
import { decodeEntry, encodeEntry, RECEIVED_AT_PATH, type Unplaced } from './codec.ts';
import type { Past } from './history.ts';
import type { JournalIdentity } from './journal.ts';
import { seal, unseal } from './sealed.ts';
import { closeJournalFile } from './sqlite-schema.ts';
import { SqliteNames } from './sqlite-names.ts';

/** Rows to a statement: half the cost of one by one; beyond this the gain is within the noise. */
const AT_ONCE = 25;

const times = (count: number, text: string): string => Array(count).fill(text).join();
const INSERT = {
  plain: {
    one: 'INSERT INTO entries (offset, body) VALUES (?, ?)',
    many: `INSERT INTO entries (offset, body) VALUES ${times(AT_ONCE, '(?, ?)')}`,
  },
  keyed: {
    one: 'INSERT INTO entries (offset, body, event) VALUES (?, ?, ?)',
    many: `INSERT INTO entries (offset, body, event) VALUES ${times(AT_ONCE, '(?, ?, ?)')}`,
  },
};
const SELECT = 'SELECT offset, body FROM entries WHERE offset > ? AND offset <= ? ORDER BY offset LIMIT ?';
const SELECT_KEYS = {
  one: 'SELECT event, offset FROM entries WHERE event = ?',
  many: `SELECT event, offset FROM entries WHERE event IN (${times(AT_ONCE, '?')})`,
};

const JSON_OF_BODY = `substr(body, instr(body, '['))`;

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

  encode(entry: Unplaced, offset: number): string {
    return seal(encodeEntry(entry, this.#names), offset);
  }

  /**
   * Inserts encoded entries from index `from` on, at most `AT_ONCE`; returns how many. `keys`: what tells a repeated
   * event, for a source without order.
   */
  insert(bodies: readonly string[], keys: readonly string[] | null, from: number, firstOffset: number): number {
    const count = bodies.length - from < AT_ONCE ? 1 : AT_ONCE;
    const values: SqliteValue[] = [];
    for (let index = from; index < from + count; index++) {
      values.push(firstOffset + index, bodies[index] ?? '');
      if (keys) values.push(keys[index] ?? '');
    }
    this.#statement(INSERT[keys ? 'keyed' : 'plain'][count === 1 ? 'one' : 'many']).run(...values);
    return count;
  }

  /** JSON keeps what SQLite's text would not: NUL and lone surrogates, which could make two identifiers one. */
  eventKey(source: SourceId, id: string): string {
    return `${String(this.#names.id(source))}${JSON.stringify(id)}`;
  }

  /** Those of the keys that the journal has, with their offsets. */
  offsetsOf(keys: readonly string[]): Map<string, Offset> {
    const found = new Map<string, Offset>();
    for (let from = 0; from < keys.length; from += AT_ONCE) {
      const some = keys.slice(from, from + AT_ONCE);
      // Always one of two statements: what is left over is filled up with a repetition.
      const asked = some.length === 1 ? some : [...some, ...Array<string>(AT_ONCE - some.length).fill(some[0] ?? '')];
      for (const row of this.#statement(SELECT_KEYS[asked.length === 1 ? 'one' : 'many']).all(...asked)) {
        found.set(row['event'] as string, row['offset'] as Offset);
      }
    }
    return found;
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

  /** Throws when what the tables say of each other cannot all be true. */
  bounds(): { readonly first: Offset; readonly head: Offset } {
    const row = this.#statement(
      `SELECT (SELECT "offset" FROM trimmed) AS trimmed, (SELECT min(offset) FROM entries) AS oldest,
              (SELECT max(offset) FROM entries) AS newest, (SELECT max("offset") FROM cursors) AS settled`,
    ).get();
    const [trimmed, oldest, newest, settled] = ['trimmed', 'oldest', 'newest', 'settled'].map((name) => row?.[name]);
    const first = Number(trimmed) + 1;
    const head = Number(newest ?? trimmed);
    if (trimmed == null || (oldest != null && oldest !== first) || Number(settled) > head) {
      const facts = `trimmed ${String(trimmed)}, entries ${String(oldest)} to ${String(newest)}, settled ${String(settled)}`;
      throw new TidemarkError('JOURNAL_CORRUPT', facts);
    }
    return { first: first as Offset, head: head as Offset };
  }

  saveHistory(source: SourceId, past: Past): void {
    this.#statement('INSERT OR REPLACE INTO sources VALUES (?, ?)').run(source, seal(JSON.stringify(past)));
  }

  histories(): (readonly [SourceId, Past])[] {
    return this.#statement('SELECT * FROM sources')
      .all()
      .map((row) => [row['source'] as string, JSON.parse(unseal(row['history'] as string)) as Past]);
  }

  identity(): JournalIdentity | null {
    const row = this.#statement('SELECT epoch, life FROM identity').get();
    return row ? { epoch: row['epoch'] as string, life: row['life'] as number } : null;
  }

  saveIdentity({ epoch, life }: JournalIdentity): void {
    this.#statement('INSERT OR REPLACE INTO identity VALUES (0, ?, ?)').run(epoch, life);
  }

  saveCursor(consumer: string, offset: Offset): void {
    this.#statement('INSERT OR REPLACE INTO cursors VALUES (?, ?)').run(consumer, offset);
  }

  dropCursor(consumer: string): void {
    this.#statement('DELETE FROM cursors WHERE consumer = ?').run(consumer);
  }

  cursors(): (readonly [string, Offset])[] {
    return this.#statement('SELECT * FROM cursors')
      .all()
      .map((row) => [row['consumer'] as string, row['offset'] as Offset]);
  }

  /** The first offset of a range that was received at or after `time`; `null` when all are older (or unreadable). */
  firstSince(time: Millis, after: number, upTo: number): Offset | null {
    const row = this.#statement(
      `SELECT offset FROM entries WHERE offset > ? AND offset <= ?
       AND CASE WHEN json_valid(${JSON_OF_BODY}) THEN json_extract(${JSON_OF_BODY}, '${RECEIVED_AT_PATH}') END >= ?
       ORDER BY offset LIMIT 1`,
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
    try {
      return decodeEntry(offset, unseal(body, offset), this.#names);
    } catch (cause) {
      throw new TidemarkError('JOURNAL_CORRUPT', `entry ${String(offset)} cannot be read`, { cause });
    }
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
