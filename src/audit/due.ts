import type { Mono } from '../model/position.ts';

/** More than this cannot be looked at in time: at 10 loads a second it is what five minutes have room for, thrice. */
const DUE_MAX = 10_000;

interface Due {
  readonly at: Mono;
  readonly key: string;
}

/**
 * Keys to look at some time after the event that named them, in the order of the events. Bounded by thinning: when it is
 * full, each key stays with a chance of one half, and newcomers are let in with half the chance until there is room
 * again. So what is left is a fair sample of what was named, and the rest is counted.
 */
export class DueKeys {
  readonly #delayMs: number;
  readonly #chance: () => number;
  #waiting: Due[] = [];
  #next = 0;
  #admit = 1;
  #dropped = 0;

  constructor(delayMs: number, chance: () => number) {
    this.#delayMs = delayMs;
    this.#chance = chance;
  }

  /** Keys that were left out, because there were too many or their time had passed. */
  get dropped(): number {
    return this.#dropped;
  }

  get size(): number {
    return this.#waiting.length - this.#next;
  }

  add(key: string, now: Mono): void {
    if (this.#admit < 1 && this.size < DUE_MAX / 4) this.#admit = Math.min(1, this.#admit * 2);
    if (this.#admit < 1 && this.#chance() >= this.#admit) {
      this.#dropped++;
      return;
    }
    if (this.size >= DUE_MAX) this.#thin();
    this.#waiting.push({ at: now + this.#delayMs, key });
  }

  /** The next key whose time has come; one that is late by half its delay says nothing of that delay and is dropped. */
  take(now: Mono): string | null {
    for (;;) {
      const due = this.#waiting[this.#next];
      if (!due || due.at > now) return null;
      this.#next++;
      this.#compact();
      if (now <= due.at + this.#delayMs / 2) return due.key;
      this.#dropped++;
    }
  }

  #thin(): void {
    const before = this.size;
    this.#waiting = this.#waiting.slice(this.#next).filter(() => this.#chance() < 0.5);
    this.#next = 0;
    this.#dropped += before - this.#waiting.length;
    this.#admit /= 2;
  }

  /** What was taken is given back in large pieces, so that taking costs nothing. */
  #compact(): void {
    if (this.#next < DUE_MAX) return;
    this.#waiting = this.#waiting.slice(this.#next);
    this.#next = 0;
  }
}
