import type { Mono } from '../model/position.ts';

export interface PaceLimits {
  /** Loads a second at most. */
  readonly rate: number;
  /** Loads under way at a time at most. */
  readonly concurrency: number;
  /** Part of the time for which that many loads may be under way, on average. */
  readonly share: number;
}

/** How far a quiet time may be caught up with: enough for one round of the loop, too little to be a burst. */
const BURST_MS = 200;

/** Over which time the share is an average. */
const SHARE_WINDOW_MS = 10_000;

/**
 * Keeps audits out of the way of readers: by count, by how many are under way, and by the time that the source spends on
 * them. When the source becomes slow, the share is used up sooner and audits become fewer by themselves.
 */
export class Pace {
  readonly #limits: PaceLimits;
  #running = 0;
  #tokens: number;
  /** Time that loads may still take. */
  #budgetMs: number;
  #at: Mono;

  constructor(limits: PaceLimits, now: Mono) {
    this.#limits = limits;
    this.#at = now;
    this.#tokens = 1;
    this.#budgetMs = this.#budgetMax;
  }

  get running(): number {
    return this.#running;
  }

  may(now: Mono): boolean {
    this.#refill(now);
    return this.#running < this.#limits.concurrency && this.#tokens >= 1 && this.#budgetMs > 0;
  }

  begin(): void {
    this.#running++;
    this.#tokens--;
  }

  /** A load that took longer than there was budget for is paid back by waiting. */
  end(tookMs: number): void {
    this.#running--;
    this.#budgetMs -= tookMs;
  }

  get #budgetMax(): number {
    return SHARE_WINDOW_MS * this.#limits.share * this.#limits.concurrency;
  }

  #refill(now: Mono): void {
    const passed = now - this.#at;
    this.#at = now;
    const { rate, share, concurrency } = this.#limits;
    this.#tokens = Math.min(this.#tokens + (passed * rate) / 1_000, Math.max(1, (rate * BURST_MS) / 1_000));
    this.#budgetMs = Math.min(this.#budgetMs + passed * share * concurrency, this.#budgetMax);
  }
}
