import type { Look, Origin } from '../layers/memory/store.ts';

/** What a cache does with the options of an earlier read. */
export interface Again<O> {
  refresh(options: O): void;
  look(options: O): Promise<Look>;
}

/** An entry's way back to its source: the options of the read that loaded it. One small object an entry. */
export class OptionsOrigin<O> implements Origin {
  readonly #again: Again<O>;
  readonly #options: O;

  constructor(again: Again<O>, options: O) {
    this.#again = again;
    this.#options = options;
  }

  refresh(): void {
    this.#again.refresh(this.#options);
  }

  look(): Promise<Look> {
    return this.#again.look(this.#options);
  }
}
