import type { DeadLetter } from '../model/entry.ts';
import type { SqliteDatabase, SqliteRow, SqliteStatement } from '../runtime/sqlite.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { DroppedLetters, overBound } from './dead-letter-bound.ts';
import type { GroupCommit } from './group-commit.ts';
import type { DeadLetters } from './journal.ts';
import type { NewLetter } from './problems.ts';
import { seal, unseal } from './sealed.ts';

const LIST_DEFAULT = 100;
/** Letters dropped in one go: a few milliseconds, then others get a turn. */
const DROP_AT_ONCE = 1_000;

/** Runs it if the journal is open, and turns SQLite's errors into the journal's. */
type Guard = <T>(read: () => T) => T;

interface Parts {
  readonly db: SqliteDatabase;
  readonly commits: GroupCommit;
  readonly runtime: Pick<Runtime, 'log' | 'metrics'>;
}

interface Inserted {
  readonly letters: number;
  readonly characters: number;
}

/** Dead letters beside the entries they come from: durable with the same flush. */
export class SqliteDeadLetters implements DeadLetters {
  readonly #commits: GroupCommit;
  readonly #guard: Guard;
  readonly #insert: SqliteStatement;
  readonly #list: SqliteStatement;
  readonly #get: SqliteStatement;
  readonly #delete: SqliteStatement;
  readonly #oldest: SqliteStatement;
  readonly #deleteUpTo: SqliteStatement;
  readonly #runtime: Pick<Runtime, 'log' | 'metrics'>;
  readonly #dropped: DroppedLetters;
  #count: number;
  #characters: number;
  #shrinking = false;

  constructor({ db, commits, runtime }: Parts, guard: Guard) {
    this.#commits = commits;
    this.#guard = guard;
    this.#runtime = runtime;
    this.#dropped = new DroppedLetters(runtime);
    this.#insert = db.prepare('INSERT INTO dead_letters (body) VALUES (?)');
    this.#list = db.prepare('SELECT id, body FROM dead_letters WHERE id > ? ORDER BY id LIMIT ?');
    this.#get = db.prepare('SELECT id, body FROM dead_letters WHERE id = ?');
    this.#delete = db.prepare('DELETE FROM dead_letters WHERE id = ? RETURNING length(body) AS characters');
    this.#oldest = db.prepare('SELECT id, length(body) AS characters FROM dead_letters ORDER BY id LIMIT ?');
    this.#deleteUpTo = db.prepare('DELETE FROM dead_letters WHERE id <= ?');
    const kept = db.prepare('SELECT count(*) AS letters, total(length(body)) AS characters FROM dead_letters').get();
    this.#count = Number(kept?.['letters']);
    this.#characters = Number(kept?.['characters']);
    this.#shrink();
  }

  get count(): number {
    return this.#count;
  }

  async put(letter: Omit<DeadLetter, 'id'>): Promise<DeadLetter> {
    this.#guard(() => undefined);
    const body = seal(JSON.stringify(letter));
    const id = await this.#commits.run(() => Number(this.#insert.run(body).lastInsertRowid));
    this.counted({ letters: 1, characters: body.length });
    return { id, ...letter };
  }

  /** Inside a transaction that somebody else has begun; they count once it is durable and `counted` is called. */
  insert(letters: readonly NewLetter[]): Inserted {
    let characters = 0;
    for (const letter of letters) {
      const body = seal(JSON.stringify(letter));
      this.#insert.run(body);
      characters += body.length;
    }
    return { letters: letters.length, characters };
  }

  counted({ letters, characters }: Inserted): void {
    this.#count += letters;
    this.#characters += characters;
    this.#shrink();
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
    const [removed] = await this.#commits.run(() => this.#delete.all(id));
    if (!removed) return false;
    this.#count--;
    this.#characters -= Number(removed['characters']);
    return true;
  }

  /** In a write of its own, right behind the one that went over the bound: until then there are as many more. */
  #shrink(): void {
    if (this.#shrinking || !overBound(this.#count, this.#characters)) return;
    this.#shrinking = true;
    this.#commits
      .run(() => this.#dropOldest())
      .then(
        ({ letters, characters, upTo }) => {
          this.#count -= letters;
          this.#characters -= characters;
          this.#dropped.tell(letters, upTo);
          this.#shrinking = false;
          if (letters > 0) this.#shrink();
        },
        (error: unknown) => {
          this.#shrinking = false;
          this.#runtime.log.warn({ error }, 'old dead letters could not be dropped; trying again with the next one');
        },
      );
  }

  #dropOldest(): Inserted & { readonly upTo: number } {
    let letters = 0;
    let characters = 0;
    let upTo = 0;
    for (const row of this.#oldest.all(DROP_AT_ONCE)) {
      if (!overBound(this.#count - letters, this.#characters - characters)) break;
      letters++;
      characters += Number(row['characters']);
      upTo = Number(row['id']);
    }
    if (letters > 0) this.#deleteUpTo.run(upTo);
    return { letters, characters, upTo };
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the seam is asynchronous, SQLite is not
  async #reading<T>(read: () => T): Promise<T> {
    return this.#guard(read);
  }
}

function letterOf(row: SqliteRow): DeadLetter {
  return { id: Number(row['id']), ...(JSON.parse(unseal(row['body'] as string)) as Omit<DeadLetter, 'id'>) };
}
