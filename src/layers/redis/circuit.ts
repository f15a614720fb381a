import type { Mono } from '../../model/position.ts';

/** Failures in a row after which nobody asks for a while. One may be chance, and each costs its reader the timeout. */
const FAILURES_MAX = 5;

/** How long: a reader in a second tries again, which is what an outage costs. */
const REST_MS = 1_000;

/** Whether it makes sense to ask. Pure: time is an argument. */
export class Circuit {
  #failures = 0;
  #askAgainAt: Mono = -Infinity;

  /** Once it has rested, one asks for all: whoever comes before the answer does not. */
  allows(now: Mono): boolean {
    if (this.#failures < FAILURES_MAX) return true;
    if (now < this.#askAgainAt) return false;
    this.#askAgainAt = now + REST_MS;
    return true;
  }

  /** Whether this was the one that closed it. */
  succeeded(): boolean {
    const wasOpen = this.#failures >= FAILURES_MAX;
    this.#failures = 0;
    return wasOpen;
  }

  /** Whether this was the one that opened it. */
  failed(now: Mono): boolean {
    this.#failures++;
    if (this.#failures < FAILURES_MAX) return false;
    this.#askAgainAt = now + REST_MS;
    return this.#failures === FAILURES_MAX;
  }
}
