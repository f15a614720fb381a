import { Refusal } from '../refusal.ts';

const MINUTE_MS = 60_000;

/**
 * Holds what the handshake grants: so many requests a minute, from all senders together. A bucket that holds a minute's
 * worth, because senders deliver in bursts; time that steps back adds nothing.
 */
export class Rate {
  readonly #perMinute: number;
  #left: number;
  #at: number | null = null;

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
    this.#left = perMinute;
  }

  /** Takes one, or refuses. Only what a sender with the right token sent may come here: nobody else uses it up. */
  take(now: number): void {
    const passed = Math.max(0, now - (this.#at ?? now));
    this.#at = now;
    this.#left = Math.min(this.#perMinute, this.#left + (passed * this.#perMinute) / MINUTE_MS);
    if (this.#left < 1) {
      const waitMs = ((1 - this.#left) * MINUTE_MS) / this.#perMinute;
      throw new Refusal(`more than ${String(this.#perMinute)} requests came within a minute`, {
        status: 429,
        code: 'RATE_EXCEEDED',
        headers: { 'retry-after': String(Math.ceil(waitMs / 1_000)) },
      });
    }
    this.#left--;
  }
}
