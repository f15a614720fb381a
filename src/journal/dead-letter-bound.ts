import type { Runtime } from '../runtime/runtime.ts';

/** Most dead letters kept: more than a person reads, and a contract that fails for every event must not fill the disk. */
const LETTERS_MAX = 10_000;
/** Most text of them all: an event may have megabytes. */
const CHARACTERS_MAX = 64 * 1024 * 1024;
/** While letters keep going, a line for each would be the next flood. */
const SAY_EVERY = 1_000;

/** Whether the oldest letter has to go. The newest stays, whatever its size. */
export function overBound(letters: number, characters: number): boolean {
  return letters > 1 && (letters > LETTERS_MAX || characters > CHARACTERS_MAX);
}

/** Says that letters were dropped: each in the metric; the first, and then one in a thousand, in the log. */
export class DroppedLetters {
  readonly #runtime: Pick<Runtime, 'log' | 'metrics'>;
  #dropped = 0;
  #sayAt = 1;

  constructor(runtime: Pick<Runtime, 'log' | 'metrics'>) {
    this.#runtime = runtime;
  }

  tell(count: number, newestId: number): void {
    if (count === 0) return;
    this.#dropped += count;
    this.#runtime.metrics.deadLettersDropped.inc(count);
    if (this.#dropped < this.#sayAt) return;
    this.#sayAt = this.#dropped + SAY_EVERY;
    this.#runtime.log.warn(
      { dropped: this.#dropped, upTo: newestId },
      `the oldest dead letters were dropped: ${String(LETTERS_MAX)} are kept, and ${String(CHARACTERS_MAX)} characters`,
    );
  }
}
