import type { DeadLetter } from '../model/entry.ts';
import type { SqliteDatabase, SqliteRow, SqliteStatement } from '../runtime/sqlite.ts';
import type { GroupCommit } from './group-commit.ts';
import type { DeadLetters } from './journal.ts';
import type { NewLetter } from './problems.ts';
import { seal, unseal } from './sealed.ts';

const LIST_DEFAULT = 100;

/** Runs it if the journal is open, and turns SQLite's errors into the journal's. */
type Guard = <T>(read: () => T) => T;

/** Dead letters beside the entries they come from: durable with the same flush. */
export class SqliteDeadLetters implements DeadLetters {
  readonly #commits: GroupCommit;
  readonly #guard: Guard;
  readonly #insert: SqliteStatement;
  readonly #list: SqliteStatement;
  readonly #get: SqliteStatement;
  readonly #delete: SqliteStatement;
  #count: number;

  constructor(db: SqliteDatabase, commits: GroupCommit, guard: Guard) {
    this.#commits = commits;
    this.#guard = guard;
    this.#insert = db.prepare('INSERT INTO dead_letters (body) VALUES (?)');
    this.#list = db.prepare('SELECT id, body FROM dead_letters WHERE id > ? ORDER BY id LIMIT ?');
    this.#get = db.prepare('SELECT id, body FROM dead_letters WHERE id = ?');
    this.#delete = db.prepare('DELETE FROM dead_letters WHERE id = ?');
    this.#count = Number(db.prepare('SELECT count(*) AS n FROM dead_letters').get()?.['n']);
  }

  get count(): number {
    return this.#count;
  }

  async put(letter: Omit<DeadLetter, 'id'>): Promise<DeadLetter> {
    this.#guard(() => undefined);
    const body = seal(JSON.stringify(letter));
    const id = await this.#commits.run(() => Number(this.#insert.run(body).lastInsertRowid));
    this.#count++;
    return { id, ...letter };
  }

  /** Inside a transaction that somebody else has begun; they count once it is durable and `counted` is called. */
  insert(letters: readonly NewLetter[]): void {
    for (const letter of letters) this.#insert.run(seal(JSON.stringify(letter)));
  }

  counted(letters: number): void {
    this.#count += letters;
  }

  list({ after = 0, limit = LIST_DEFAULT }: { after?: number; limit?: number } = {}): Promise<readonly DeadLetter[]> {
    return this.#reading(() => this.#list.all(after, limit).map(letterOf));
  }

  get(id: number): Promise<DeadLetter | null> {
    return this.#reading(() => {
      const row = this.#get.get(id);
      return row ? letterOf(row) : null;
    });
  }

  async remove(id: number): Promise<boolean> {
    this.#guard(() => undefined);
    const removed = await this.#commits.run(() => Number(this.#delete.run(id).changes));
    this.#count -= removed;
    return removed > 0;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the seam is asynchronous, SQLite is not
  async #reading<T>(read: () => T): Promise<T> {
    return this.#guard(read);
  }
}

function letterOf(row: SqliteRow): DeadLetter {
  return { id: Number(row['id']), ...(JSON.parse(unseal(row['body'] as string)) as Omit<DeadLetter, 'id'>) };
}
