import type { DeadLetters } from '../journal/journal.ts';
import { MemoryDeadLetters } from '../journal/memory-dead-letters.ts';
import type { NewLetter } from '../journal/problems.ts';
import type { DeadLetter } from '../model/entry.ts';
import type { Runtime } from '../runtime/runtime.ts';

/** What happened to dead letters, in its order; written with the entries. */
export type LetterNote = { readonly put: NewLetter } | { readonly removed: number };

/** Dead letters of the simulated journal: those of the memory journal, with notes on the disk to make them again. */
export class DiskLetters implements DeadLetters {
  readonly #letters: MemoryDeadLetters;
  readonly #write: (note: LetterNote) => Promise<void>;

  constructor(
    runtime: Pick<Runtime, 'log' | 'metrics'>,
    found: readonly LetterNote[],
    { assertOpen, write }: { readonly assertOpen: () => void; readonly write: (note: LetterNote) => Promise<void> },
  ) {
    this.#letters = new MemoryDeadLetters(runtime, assertOpen);
    this.#write = write;
    for (const note of found) {
      if ('put' in note) this.#letters.insert([note.put]);
      // Nothing waits for it: memory forgets at once.
      else void this.#letters.remove(note.removed);
    }
  }

  insert(letters: readonly NewLetter[]): void {
    this.#letters.insert(letters);
  }

  async put(letter: NewLetter): Promise<DeadLetter> {
    const kept = await this.#letters.put(letter);
    await this.#write({ put: letter });
    return kept;
  }

  async remove(id: number): Promise<boolean> {
    const wasThere = await this.#letters.remove(id);
    if (wasThere) await this.#write({ removed: id });
    return wasThere;
  }

  list(options?: { readonly after?: number; readonly limit?: number }): Promise<readonly DeadLetter[]> {
    return this.#letters.list(options);
  }

  get(id: number): Promise<DeadLetter | null> {
    return this.#letters.get(id);
  }

  get count(): number {
    return this.#letters.count;
  }
}
