import type { Relays } from '../journal/relays.ts';

/** Whether this relay plans with the contracts that were adopted last; one that does not stands by (anomaly C7). */
export class Standing {
  readonly #relays: Relays | undefined;
  readonly #contracts: () => string;
  #lost = new AbortController();
  #waiting: (() => void)[] = [];

  constructor(relays: Relays | undefined, contracts: () => string) {
    this.#relays = relays;
    this.#contracts = contracts;
  }

  /** The contracts that others plan with, if they are not those of this relay. */
  get supersededBy(): string | null {
    const adopted = this.#relays?.adopted ?? null;
    return adopted === this.#contracts() ? null : adopted;
  }

  /** Aborts when other contracts have been adopted. A new one after that. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** To be called when there may have been an adoption, or this relay has taken other contracts. */
  look(): void {
    if (this.supersededBy !== null) {
      this.#lost.abort();
      return;
    }
    if (this.#lost.signal.aborted) this.#lost = new AbortController();
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Resolves when this relay may plan, or when the signal aborts. */
  async regained(signal: AbortSignal): Promise<void> {
    this.look();
    while (this.supersededBy !== null && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        signal.addEventListener(
          'abort',
          () => {
            resolve();
          },
          { once: true },
        );
      });
    }
  }
}
