import type { Millis, Mono } from '../model/position.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { Suspensions } from './steady-clock.ts';

/** Time. The only way to it, so that tests and the simulator can move it. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. */
  now(): Millis;
  /** Monotonic, milliseconds with fractions. Goes on through a suspension of the machine; see `SteadyClock`. */
  mono(): Mono;
  /** As `mono`, or up to a millisecond more, for half its cost: for ages and ends, never for when something began. */
  atLatest(): Mono;
  /** What `mono` had to make up for so far. */
  suspensions(): Suspensions;
  /** Resolves after `ms`, or at once when the signal aborts; it never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Lets everything else that is ready have its turn. */
  turn(): Promise<void>;
  /** Calls `run` after `ms`; the returned function cancels. Does not keep the process alive. */
  after(ms: number, run: () => void): () => void;
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** A new random identifier (UUID v4 in production). */
  id(): string;
}

/** What every edge gets instead of globals. */
export interface Runtime {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
}
