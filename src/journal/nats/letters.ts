import type { DeadLetter } from '../../model/entry.ts';
import type { DeadLetters } from '../journal.ts';
import type { NewLetter } from '../problems.ts';
import type { LogState } from './log-state.ts';
import type { LogWriter } from './writer.ts';

/** Dead letters are in the log as everything else: those of plans follow from its entries, others are records of their own. */
export class NatsDeadLetters implements DeadLetters {
  readonly #state: LogState;
  readonly #writer: LogWriter;
  readonly #assertOpen: () => void;

  constructor(state: LogState, writer: LogWriter, assertOpen: () => void) {
    this.#state = state;
    this.#writer = writer;
    this.#assertOpen = assertOpen;
  }

  get count(): number {
    return this.#state.letters.count;
  }

  async put(letter: NewLetter): Promise<DeadLetter> {
    this.#assertOpen();
    const id = await this.#writer.write((draft) => draft.addLetter({ kind: 'letter', letter }));
    return { id, ...letter };
  }

  list(options?: { readonly after?: number; readonly limit?: number }): Promise<readonly DeadLetter[]> {
    return this.#state.letters.list(options);
  }

  get(id: number): Promise<DeadLetter | null> {
    return this.#state.letters.get(id);
  }

  async remove(id: number): Promise<boolean> {
    this.#assertOpen();
    return this.#writer.write((draft) => draft.removeLetter(id));
  }
}
