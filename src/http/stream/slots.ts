import { Refusal } from '../refusal.ts';

/** How many long answers there may be at once: each holds a socket and a place in the journal. */
export class StreamSlots {
  readonly #max: number;
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Runs `body` in a slot, or refuses. */
  async within(body: () => Promise<void>): Promise<void> {
    if (this.#taken >= this.#max) {
      const message = `${String(this.#max)} streams are open, which is the most that server.max_streams allows`;
      throw new Refusal('STREAMS_FULL', message, { 'retry-after': '5' });
    }
    this.#taken++;
    try {
      await body();
    } finally {
      this.#taken--;
    }
  }
}
