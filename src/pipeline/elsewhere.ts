import type { MemberResult, MemberStatus } from '../model/member.ts';
import { ORIGIN, type Mono, type Offset } from '../model/position.ts';
import type { Clock } from '../runtime/runtime.ts';
import { Members, type Said } from './members.ts';

export interface ElsewhereParts {
  readonly clock: Clock;
  readonly leaseMs: number;
  /** Whether processes may have been fed from this journal before, who will not be known before they have said so. */
  readonly hadOthers: boolean;
}

/** A clock that is read a fraction before the time that was slept for must not make anybody look without end within one moment. */
const LOOK_MS = 1;

/** The caches of other processes, for those who wait until they have applied something. */
export class Elsewhere {
  readonly #clock: Clock;
  readonly #members: Members;
  /** Whoever was fed before has been heard by then, or its lease has ended. */
  readonly #knownFrom: Mono;
  readonly #leaseMs: number;
  readonly #waiting = new Set<() => void>();
  /** Whoever has not come as far is not waited for by what follows it, until it has. */
  #leftBehind = ORIGIN;

  constructor({ clock, leaseMs, hadOthers }: ElsewhereParts) {
    this.#clock = clock;
    this.#leaseMs = leaseMs;
    this.#members = new Members(leaseMs);
    this.#knownFrom = hadOthers ? clock.mono() + leaseMs : -Infinity;
  }

  /** False when there is no room for it. */
  report(said: Said): boolean {
    const now = this.#clock.mono();
    this.#members.expire(now);
    const isIn = this.#members.report(said, now);
    this.#look();
    return isIn;
  }

  leave(id: string): void {
    this.#members.leave(id, this.#clock.mono());
    this.#look();
  }

  /** Resolves when each that is live has the entry, or when the signal aborts. */
  async reached(offset: Offset, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const now = this.#clock.mono();
      this.#members.expire(now);
      const isKnown = now >= this.#knownFrom;
      if (isKnown && this.#members.lowest() >= offset) return;
      const until = isKnown ? this.#members.nextEnd : this.#knownFrom;
      await this.#news((until ?? now) - now, signal);
    }
  }

  /** What all who are waited for have applied, for what must not overtake them. */
  get watermark(): Offset {
    this.#members.expire(this.#clock.mono());
    return this.#members.lowest(this.#leftBehind);
  }

  /**
   * Resolves when all who are waited for are beyond `after`, or when the signal aborts. Whoever is heard and does not get to `upTo`
   * within one lease is left behind: nobody can hold up for ever what follows (SPEC I22).
   */
  async moved(after: Offset, upTo: Offset, signal: AbortSignal): Promise<void> {
    const giveUpAt = this.#clock.mono() + this.#leaseMs;
    while (!signal.aborted && this.watermark <= after) {
      const now = this.#clock.mono();
      if (now >= giveUpAt && upTo > this.#leftBehind) this.#leftBehind = upTo;
      else await this.#news(Math.min(giveUpAt, this.#members.nextEnd ?? giveUpAt) - now, signal);
    }
  }

  results(offset: Offset, since: Mono): MemberResult[] {
    const now = this.#clock.mono();
    this.#members.expire(now);
    const results = this.#members.results(offset, since, now);
    if (now >= this.#knownFrom) return results;
    const reason = 'this daemon has just begun and does not know yet whom it feeds';
    return [...results, { id: '', name: 'others', result: 'waiting', reason }];
  }

  status(head: Offset): MemberStatus[] {
    const now = this.#clock.mono();
    this.#members.expire(now);
    return this.#members.status(head, now);
  }

  /** Resolves when somebody was heard or has left, when the time is over, or when the signal aborts. */
  async #news(ms: number, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const wake = (): void => {
      over.abort();
    };
    this.#waiting.add(wake);
    try {
      await this.#clock.sleep(Math.max(LOOK_MS, ms), AbortSignal.any([signal, over.signal]));
    } finally {
      this.#waiting.delete(wake);
    }
  }

  #look(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
