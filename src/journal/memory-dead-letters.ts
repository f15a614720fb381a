import type { DeadLetter } from '../model/entry.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { DroppedLetters, overBound } from './dead-letter-bound.ts';
import type { DeadLetters } from './journal.ts';
import type { NewLetter } from './problems.ts';

const LIST_DEFAULT = 100;

export class MemoryDeadLetters implements DeadLetters {
  readonly #assertOpen: () => void;
  readonly #dropped: DroppedLetters;
  readonly #letters = new Map<number, { readonly letter: DeadLetter; readonly characters: number }>();
  #characters = 0;
  #lastId = 0;

  constructor(runtime: Pick<Runtime, 'log' | 'metrics'>, assertOpen: () => void) {
    this.#dropped = new DroppedLetters(runtime);
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

  has(id: number): boolean {
    return this.#letters.has(id);
  }

  get lastId(): number {
    return this.#lastId;
  }

  get kept(): readonly (readonly [id: number, NewLetter])[] {
    return Array.from(this.#letters.values(), ({ letter: { id, ...letter } }) => [id, letter]);
  }

  /** Takes the place of what is held. */
  restore(letters: readonly (readonly [id: number, NewLetter])[], lastId: number): void {
    this.#letters.clear();
    this.#characters = 0;
    for (const [id, letter] of letters) {
      this.#lastId = id - 1;
      this.#keep(letter);
    }
    this.#lastId = lastId;
  }

  insert(letters: readonly NewLetter[]): void {
    for (const letter of letters) this.#keep(letter);
  }

  #keep(letter: NewLetter): DeadLetter {
    const kept = { id: ++this.#lastId, ...letter };
    const characters = JSON.stringify(kept).length;
    this.#letters.set(kept.id, { letter: kept, characters });
    this.#characters += characters;
    this.#shrink();
    return kept;
  }

  list({ after = 0, limit = LIST_DEFAULT }: { after?: number; limit?: number } = {}): Promise<readonly DeadLetter[]> {
    const listed: DeadLetter[] = [];
    for (const { letter } of this.#letters.values()) {
      if (listed.length >= limit) break;
      if (letter.id > after) listed.push(letter);
    }
    return Promise.resolve(listed);
  }

  get(id: number): Promise<DeadLetter | null> {
    return Promise.resolve(this.#letters.get(id)?.letter ?? null);
  }

  remove(id: number): Promise<boolean> {
    return Promise.resolve(this.#drop(id));
  }

  #shrink(): void {
    for (const id of this.#letters.keys()) {
      if (!overBound(this.#letters.size, this.#characters)) return;
      this.#drop(id);
      this.#dropped.tell(1, id);
    }
  }

  #drop(id: number): boolean {
    this.#characters -= this.#letters.get(id)?.characters ?? 0;
    return this.#letters.delete(id);
  }
}
