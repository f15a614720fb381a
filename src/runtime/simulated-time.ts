import { performance } from 'node:perf_hooks';
import type { Millis, Mono } from '../model/position.ts';
import type { Clock } from './runtime.ts';
import { sleepOver } from './sleep.ts';
import { SteadyClock, SUSPEND_TOLERANCE_MS, type Suspensions } from './steady-clock.ts';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Real time between two looks at the real world (signals, messages): short enough for Ctrl-C to feel immediate. */
const BREATHE_MS = 50;
/** Timers between two looks at the real clock, which costs as much as a timer. */
const BREATHE_EVERY = 1_024;

/**
 * The true time of a simulated world: one queue of all that will happen, in the order of its time, then of its making.
 * After each timer every promise that can settle does so, before the next timer runs.
 */
export class SimulatedTime {
  #now = 0;
  #order = 0;
  #steps = 0;
  /** A binary heap. */
  readonly #timers: Timer[] = [];

  /** Milliseconds since the world began. */
  get now(): number {
    return this.#now;
  }

  /** Timers that have run. */
  get steps(): number {
    return this.#steps;
  }

  after(ms: number, run: () => void): void {
    const timer: Timer = { at: this.#now + Math.max(0, ms), order: this.#order++, run };
    const heap = this.#timers;
    let place = heap.length;
    heap.push(timer);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(timer, above)) break;
      heap[place] = above;
      place = parent;
    }
    heap[place] = timer;
  }

  /** Runs all that is due up to `until`, or until `halted` says so after a timer. */
  async run(until: number, halted: () => boolean): Promise<void> {
    let breathedAt = performance.now();
    await drained();
    for (let next = this.#timers[0]; next && next.at <= until; next = this.#timers[0]) {
      this.#shift();
      this.#now = next.at;
      next.run();
      await drained();
      if (halted()) return;
      if (++this.#steps % BREATHE_EVERY === 0 && performance.now() - breathedAt > BREATHE_MS) {
        await new Promise((resolve) => setImmediate(resolve));
        breathedAt = performance.now();
      }
    }
    this.#now = Math.max(this.#now, until);
  }

  #shift(): void {
    const heap = this.#timers;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let place = 0;
    for (;;) {
      let child = place * 2 + 1;
      let least = heap[child];
      if (least === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, least)) {
        least = right;
        child++;
      }
      if (isBefore(last, least)) break;
      heap[place] = least;
      place = child;
    }
    heap[place] = last;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/**
 * Resolves when the queue of microtasks is empty: Node runs ticks only then, and a tick that is asked for from a
 * microtask waits for all of them. No turn of the real event loop is needed, which would cost ten times as much.
 */
export function drained(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}

/** How a process can stand still. `suspend`: its monotonic clock stops as well. `stall`: only the process does. */
export type Freeze = 'suspend' | 'stall';

export interface SimulatedClockOptions {
  readonly time: SimulatedTime;
  /** What the wall clock shows when the world begins. */
  readonly wall: Millis;
  /** Whether time that the machine slept through is noticed. Off: ages lie after waking up. */
  readonly countsSleep: boolean;
}

/** The clock of one process in that world: it can be frozen, stepped, and it ends with the process. */
export class SimulatedClock implements Clock {
  readonly #time: SimulatedTime;
  readonly #countsSleep: boolean;
  readonly #bornAt: number;
  #wall: Millis;
  #slept = 0;
  #asleepSince: number | null = null;
  #frozen = false;
  #stillMs = 0;
  #dead = false;
  #arrived: (() => void)[] = [];
  readonly #steady: SteadyClock;
  #fired = 0;
  #onFire: { readonly at: number; readonly run: () => void } | null = null;

  constructor({ time, wall, countsSleep }: SimulatedClockOptions) {
    this.#time = time;
    this.#wall = wall;
    this.#countsSleep = countsSleep;
    this.#bornAt = time.now;
    this.#steady = new SteadyClock({ mono: () => this.#awake(), wall: () => this.now() });
  }

  get dead(): boolean {
    return this.#dead;
  }

  now(): Millis {
    return this.#wall + this.#time.now;
  }

  mono(): Mono {
    return this.#countsSleep ? this.#steady.mono() : this.#awake();
  }

  atLatest(): Mono {
    return this.#countsSleep ? this.#steady.atLatest() : this.#awake();
  }

  suspensions(): Suspensions {
    return this.#steady.suspensions();
  }

  /** How much ages may lack by now: what the clock cannot tell from a wall clock that is not exact. */
  get lackMs(): number {
    return this.#slept > 0 ? SUSPEND_TOLERANCE_MS : 0;
  }

  /** The longest that the process has stood still. */
  get stillMs(): number {
    return this.#stillMs;
  }

  /** True time of a monotonic one. */
  trueTime(mono: Mono): number {
    return this.#time.now - (this.mono() - mono);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOver((delay, run) => this.after(delay, run), ms, signal);
  }

  turn(): Promise<void> {
    return new Promise((resolve) => {
      this.after(0, resolve);
    });
  }

  after(ms: number, run: () => void): () => void {
    let cancelled = false;
    const due = this.#awake() + Math.max(0, ms);
    const fire = (): void => {
      if (cancelled || this.#dead) return;
      const left = due - this.#awake();
      if (this.#frozen) this.#arrived.push(fire);
      else if (left > EPSILON_MS) this.#time.after(left, fire);
      else this.#fire(run);
    };
    if (!this.#dead) this.#time.after(ms, fire);
    return () => {
      cancelled = true;
    };
  }

  /** Something from outside reaches the process after `ms` of true time; while it is frozen, when it thaws. */
  arrive(ms: number, run: () => void): void {
    const deliver = (): void => {
      if (this.#dead) return;
      if (this.#frozen) this.#arrived.push(deliver);
      else this.#fire(run);
    };
    this.#time.after(ms, deliver);
  }

  /** Calls `run` right after the timer or arrival that is the `count`th from now. */
  onFire(count: number, run: () => void): void {
    this.#onFire = { at: this.#fired + count, run };
  }

  stepWall(ms: number): void {
    this.#wall += ms;
  }

  /** The process stands still for `ms`; then what came meanwhile comes at once. */
  freeze(ms: number, how: Freeze): void {
    if (this.#frozen || this.#dead) return;
    this.#frozen = true;
    this.#stillMs = Math.max(this.#stillMs, ms);
    if (how === 'suspend') this.#asleepSince = this.#time.now;
    this.#time.after(ms, () => {
      this.#frozen = false;
      if (this.#asleepSince !== null) this.#slept += this.#time.now - this.#asleepSince;
      this.#asleepSince = null;
      const arrived = this.#arrived;
      this.#arrived = [];
      for (const run of arrived) this.#time.after(0, run);
    });
  }

  get frozen(): boolean {
    return this.#frozen;
  }

  /** The process is gone: none of its timers will run, and nothing reaches it. */
  kill(): void {
    this.#dead = true;
  }

  #fire(run: () => void): void {
    run();
    if (++this.#fired !== this.#onFire?.at) return;
    const { run: hook } = this.#onFire;
    this.#onFire = null;
    hook();
  }

  /** Time that the process has been awake for: what its timers are counted in. */
  #awake(): Mono {
    return (this.#asleepSince ?? this.#time.now) - this.#bornAt - this.#slept;
  }
}

/** Sums of fractions of a millisecond are not exact. */
const EPSILON_MS = 1e-6;
