import { truncate } from './width.ts';
import type { Shell } from './shell.ts';

/** How often a line is written where it cannot be drawn over itself: a log should not be all progress. */
const LINE_EVERY_MS = 5_000;
const DRAW_EVERY_MS = 100;

/** How far long work has come, on standard error: one line that redraws itself on a terminal, else a line now and then. */
export class Progress {
  readonly #shell: Shell;
  #last: number;
  #drawn = false;

  constructor(shell: Shell) {
    this.#shell = shell;
    // Work that is over before the first line would be due needs none.
    this.#last = shell.liveErr ? -Infinity : shell.clock.mono();
  }

  show(text: string): void {
    const { liveErr, clock, columns } = this.#shell;
    const now = clock.mono();
    if (now - this.#last < (liveErr ? DRAW_EVERY_MS : LINE_EVERY_MS)) return;
    this.#last = now;
    if (liveErr) {
      this.#shell.err(`\r\u001b[2K${truncate(text, columns - 1)}`);
      this.#drawn = true;
    } else {
      this.#shell.err(`${text}\n`);
    }
  }

  /** Takes the line away, so that the result stands alone. */
  clear(): void {
    if (this.#drawn) this.#shell.err('\r\u001b[2K');
    this.#drawn = false;
  }
}
