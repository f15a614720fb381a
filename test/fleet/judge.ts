import { KEYS } from './database.ts';
import type { History } from './history.ts';

/** Of two clocks that are compared: the wall clock counts whole milliseconds. */
const EPSILON_MS = 3;

export const WAYS = ['read', 'peek', 'session'] as const;

/**
 * One read as a process tells of it. `floor`: what a session has to see. Times are of the machine's monotonic clock; `asOf` is the
 * time of which the read says that its value was current then, `null` where it says nothing.
 */
export interface Told {
  readonly way: (typeof WAYS)[number];
  readonly key: number;
  readonly n: number;
  readonly began: number;
  readonly asOf: number | null;
  readonly hit: boolean;
  readonly floor: number;
}

/** Holds every read against the history of the database. */
export class Judge {
  readonly counts = { read: 0, peek: 0, session: 0 };
  /** Reads of which a state was known that they had to reflect. */
  checks = 0;
  hits = 0;
  loads = 0;
  stale = 0;
  readonly stories: string[] = [];
  readonly #history: History;
  readonly #boundMs: number;

  constructor(history: History, boundMs: number) {
    this.#history = history;
    this.#boundMs = boundMs;
  }

  /** By the bound, which is counted from when the read began; by what it says of itself; and by what its session has written. */
  judge(told: Told, process: string): void {
    const key = KEYS[told.key] ?? '';
    this.counts[told.way]++;
    if (told.way === 'read') this[told.hit ? 'hits' : 'loads']++;
    this.#hold(told, process, told.began - this.#boundMs, `its bound of ${this.#boundMs} ms`);
    if (told.asOf !== null) this.#hold(told, process, told.asOf - EPSILON_MS, 'what it says of itself');
    if (told.n < told.floor)
      this.#wrong(`${process}: ${key} reads as ${told.n} to a session that has to see ${told.floor}`);
  }

  #hold({ way, key: index, n, began, hit }: Told, process: string, time: number, what: string): void {
    const key = KEYS[index] ?? '';
    const least = this.#history.leastAt(key, time);
    if (least < 0) return;
    this.checks++;
    if (n >= least) return;
    const ended = Math.round(began - this.#history.endOf(key, n));
    this.#wrong(
      `${process}: ${way} of ${key} (${hit ? 'cached' : 'loaded'}) gives ${n}, which had ended ${ended} ms before it began; ` +
        `by ${what} it is at least ${least}`,
    );
  }

  #wrong(story: string): void {
    this.stale++;
    if (this.stories.length < 20) this.stories.push(story);
  }
}
