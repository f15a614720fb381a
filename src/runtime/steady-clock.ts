import type { Millis, Mono } from '../model/position.ts';

/** The two clocks of the machine, as they are. */
export interface RawClocks {
  /** Monotonic; stands still while the machine, or the image of the process, is suspended. */
  mono(): Mono;
  /** Wall clock; runs on meanwhile, and may be stepped both ways. */
  wall(): Millis;
}

/** How often time went missing, and how much in all. */
export interface Suspensions {
  readonly count: number;
  readonly totalMs: number;
  /** When the last one was noticed; `null` before the first. */
  readonly noticedAt: Mono | null;
}

/**
 * Wall time may run ahead of monotonic time by this much before it counts as a suspension. Beyond what the coarsest
 * wall clock rounds (16 ms), below any `max_staleness` that is worth asking for. It is also the most that ages can lack.
 */
export const SUSPEND_TOLERANCE_MS = 50;

/**
 * Readings that have to agree. The process may lose its turn between the two clocks of one reading, hardly of three.
 * If it does, ages come out too high, which costs a load and no truth.
 */
const READINGS = 3;

/**
 * Monotonic time that goes on through a suspension of the machine (anomalies C14, C16).
 *
 * The wall clock tells what the monotonic one missed: each call compares their distance with the smallest one known,
 * and adds what is beyond the tolerance. Small suspensions add up against the same base, so no more than the tolerance
 * is ever missing. A wall clock that is set forward looks the same and is taken for the same: ages grow until the next
 * proof. One that is set back lowers the base and nothing else, so time never runs backwards.
 */
export class SteadyClock {
  readonly #raw: RawClocks;
  /** Smallest distance of wall and monotonic time since the last suspension. */
  #base: number;
  #count = 0;
  #extra = 0;
  #noticedAt: Mono | null = null;
  /** What the two last told; `atLatest` goes by it while the wall clock shows the same. */
  #lastWall = NaN;
  #lastMono: Mono = 0;

  constructor(raw: RawClocks) {
    this.#raw = raw;
    this.#base = distance(raw);
  }

  mono(): Mono {
    const mono = this.#raw.mono();
    // The wall clock second: a pause between the two can then only look like a suspension, never hide one.
    const wall = this.#raw.wall();
    const ahead = wall - mono - this.#base;
    if (ahead < 0 || ahead > SUSPEND_TOLERANCE_MS) return this.#compare();
    this.#lastWall = wall;
    return (this.#lastMono = mono + this.#extra);
  }

  /**
   * What `mono` would say, or up to a millisecond more: while the wall clock shows the millisecond of the last reading, no
   * more than that has passed, suspended or not, and one clock is enough. For ages and ends, never for when something began.
   */
  atLatest(): Mono {
    return this.#raw.wall() === this.#lastWall ? this.#lastMono + 1 : this.mono();
  }

  suspensions(): Suspensions {
    return { count: this.#count, totalMs: this.#extra, noticedAt: this.#noticedAt };
  }

  #compare(): Mono {
    this.#lastWall = NaN;
    let found = distance(this.#raw);
    for (let reading = 1; reading < READINGS; reading++) found = Math.min(found, distance(this.#raw));
    const ahead = found - this.#base;
    if (ahead < 0) this.#base = found;
    if (ahead <= SUSPEND_TOLERANCE_MS) return this.#raw.mono() + this.#extra;
    this.#base = found;
    this.#count++;
    this.#extra += ahead;
    return (this.#noticedAt = this.#raw.mono() + this.#extra);
  }
}

function distance(raw: RawClocks): number {
  const mono = raw.mono();
  return raw.wall() - mono;
}
