import type { Millis, Mono } from '../model/position.ts';
import { silentLog } from './log.ts';
import { createMetrics } from './metrics.ts';
import type { Clock, Random, Runtime } from './runtime.ts';
import { sleepOver } from './sleep.ts';
import { SteadyClock, type Suspensions } from './steady-clock.ts';

interface Timer {
  readonly at: Mono;
  readonly order: number;
  readonly run: () => void;
}

/** A clock that stands still until it is told to move. Timers run in the order of their time, then of their making. */
export class VirtualClock implements Clock {
  #now: Millis;
  /** What the machine's own monotonic clock would say: timers follow it. */
  #mono: Mono = 0;
  #frozen = false;
  readonly #steady: SteadyClock;
  #order = 0;
  #timers: Timer[] = [];

  constructor(startAt: Millis = Date.UTC(2026, 0, 1)) {
    this.#now = startAt;
    this.#steady = new SteadyClock({ mono: () => this.#mono, wall: () => this.#now });
  }

  now(): Millis {
    return this.#now;
  }

  mono(): Mono {
    return this.#steady.mono();
  }

  atLatest(): Mono {
    return this.#steady.atLatest();
  }

  suspensions(): Suspensions {
    return this.#steady.suspensions();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOver((delay, run) => this.after(delay, run), ms, signal);
  }

  turn(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(resolve);
    });
  }

  after(ms: number, run: () => void): () => void {
    const timer: Timer = { at: this.#mono + Math.max(0, ms), order: this.#order++, run };
    this.#timers.push(timer);
    this.#timers.sort((a, b) => a.at - b.at || a.order - b.order);
    return () => {
      this.#timers = this.#timers.filter((t) => t !== timer);
    };
  }

  /** Moves time on by `ms`, running what is due on the way and letting promises settle after each timer. */
  async advance(ms: number): Promise<void> {
    if (this.#frozen) {
      this.#now += ms;
      return;
    }
    const end = this.#mono + ms;
    await settled();
    for (let next = this.#timers[0]; next && next.at <= end; next = this.#timers[0]) {
      this.#timers.shift();
      this.#move(Math.max(0, next.at - this.#mono));
      next.run();
      await settled();
    }
    this.#move(end - this.#mono);
    await settled();
  }

  /** Suspends the machine: until `thaw` only the wall clock moves on, and nothing runs. */
  freeze(): void {
    this.#frozen = true;
  }

  thaw(): void {
    this.#frozen = false;
  }

  /** Lets time pass while one task holds the event loop: what is due meanwhile runs late, with the next `advance`. */
  stall(ms: number): void {
    this.#move(ms);
  }

  /** Steps the wall clock alone, as an administrator or a bad time server does. */
  stepWall(ms: number): void {
    this.#now += ms;
  }

  #move(ms: number): void {
    this.#mono += ms;
    this.#now += ms;
  }
}

/** Lets every promise that can settle without time passing do so. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Mulberry32: small, fast, and the same numbers for the same seed on every machine. */
export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  id(): string {
    const hex = (): string =>
      Math.floor(this.next() * 0x1_0000_0000)
        .toString(16)
        .padStart(8, '0');
    return `${hex()}-${hex()}`;
  }
}

export interface VirtualRuntime extends Runtime {
  readonly clock: VirtualClock;
}

export function virtualRuntime(seed = 1): VirtualRuntime {
  return { clock: new VirtualClock(), random: new SeededRandom(seed), log: silentLog, metrics: createMetrics() };
}
