import type { DeadLetter } from '../model/entry.ts';
import type { Log } from '../runtime/log.ts';
import type { DeadLetters } from './journal.ts';
import type { NewLetter } from './problems.ts';

const LIST_DEFAULT = 100;
/** Most letters kept; about 10 MB. A contract that fails for every event must not end in an out-of-memory crash. */
const LETTERS_MAX = 10_000;

export class MemoryDeadLetters implements DeadLetters {
  readonly #log: Log;
  readonly #assertOpen: () => void;
  readonly #letters = new Map<number, DeadLetter>();
  #lastId = 0;

  constructor(log: Log, assertOpen: () => void) {
    this.#log = log;
    this.#assertOpen = assertOpen;
  }

  get count(): number {
    return this.#letters.size;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the seam is asynchronous, memory is not
  async put(letter: NewLetter): Promise<DeadLetter> {
    this.#assertOpen();
    return this.#keep(letter);
  }

  insert(letters: readonly NewLetter[]): void {
    for (const letter of letters) this.#keep(letter);
  }

  #keep(letter: NewLetter): DeadLetter {
    const kept = { id: ++this.#lastId, ...letter };
    this.#letters.set(kept.id, kept);
    if (this.#letters.size > LETTERS_MAX) this.#dropOldest();
    return kept;
  }

  list({ after = 0, limit = LIST_DEFAULT }: { after?: number; limit?: number } = {}): Promise<readonly DeadLetter[]> {
    const listed: DeadLetter[] = [];
    for (const letter of this.#letters.values()) {
      if (listed.length >= limit) break;
      if (letter.id > after) listed.push(letter);
    }
    return Promise.resolve(listed);
  }

  get(id: number): Promise<DeadLetter | null> {
    return Promise.resolve(this.#letters.get(id) ?? null);
  }

  remove(id: number): Promise<boolean> {
    return Promise.resolve(this.#letters.delete(id));
  }

  #dropOldest(): void {
    const [oldest] = this.#letters.values();
    if (!oldest) return;
    this.#letters.delete(oldest.id);
    const { id, source, stage, code, message } = oldest;
    this.#log.warn(
      { id, source, stage, code, message },
      'the oldest dead letter was dropped: the memory journal keeps 10000',
    );
  }
}
