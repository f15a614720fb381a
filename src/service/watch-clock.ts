import type { Mono } from '../model/position.ts';
import type { Observers } from '../runtime/observers.ts';
import type { Runtime } from '../runtime/runtime.ts';

/**
 * A look that comes later than this was held up: longer than any collection of garbage that a healthy heap needs, and
 * short against a `max_staleness` that is worth asking for.
 */
const STALL_MS = 100;

/** A stall of a second is worth a line of the log; shorter ones, which a busy machine has all the time, only count. */
const LOGGED_STALL_MS = 1_000;

/** Time that went missing, until `at`. */
export interface Missing {
  readonly kind: 'suspended' | 'stalled';
  readonly ms: number;
  readonly at: Mono;
}

/**
 * Tells of time that went missing: suspensions of the machine (anomaly C14) and stalls of the event loop (C15).
 *
 * For people alone. Ages are right without it: every read asks the clock itself, and a proof bears the time from before
 * its echo was sent, so neither an event that waits behind a long task nor a proof that does makes anything look younger.
 */
export class ClockWatch {
  readonly #runtime: Runtime;
  readonly #observers: Observers;
  #told: { count: number; totalMs: number };
  #dueAt: Mono | null = null;
  #missing: Missing | null = null;

  constructor(runtime: Runtime, observers: Observers) {
    this.#runtime = runtime;
    this.#observers = observers;
    const { count, totalMs } = runtime.clock.suspensions();
    this.#told = { count, totalMs };
  }

  /** The last time that went missing, also when nobody has been told of it yet. */
  missing(): Missing | null {
    const { clock } = this.#runtime;
    const now = clock.mono();
    const { count, totalMs, noticedAt } = clock.suspensions();
    if (count > this.#told.count) return { kind: 'suspended', ms: totalMs - this.#told.totalMs, at: noticedAt ?? now };
    const lateMs = this.#dueAt === null ? 0 : now - this.#dueAt;
    return lateMs > STALL_MS ? { kind: 'stalled', ms: lateMs, at: now } : this.#missing;
  }

  /** Called over and over, and meant to be called again in `nextMs`: what is later than that was a stall. */
  look(nextMs: number): void {
    const { clock } = this.#runtime;
    const now = clock.mono();
    const missedMs = this.#tellSuspensions();
    if (this.#dueAt !== null) this.#tellStall(now - this.#dueAt - missedMs);
    this.#dueAt = now + nextMs;
  }

  #tellSuspensions(): number {
    const { clock, metrics, log } = this.#runtime;
    const { count, totalMs, noticedAt } = clock.suspensions();
    const times = count - this.#told.count;
    const missedMs = totalMs - this.#told.totalMs;
    this.#told = { count, totalMs };
    if (times === 0) return 0;
    this.#missing = { kind: 'suspended', ms: missedMs, at: noticedAt ?? clock.mono() };
    metrics.clockSuspensions.inc(times);
    metrics.clockSuspended.inc(missedMs / 1_000);
    const ms = Math.round(missedMs);
    log.warn({ ms, times }, 'this machine was suspended, or its wall clock set forward: ages have grown by that much');
    this.#observers.tell('clock:suspended', { ms, times });
    return missedMs;
  }

  #tellStall(lateMs: number): void {
    if (lateMs <= STALL_MS) return;
    const { clock, metrics, log } = this.#runtime;
    this.#missing = { kind: 'stalled', ms: lateMs, at: clock.mono() };
    metrics.loopStalls.inc();
    const ms = Math.round(lateMs);
    if (lateMs >= LOGGED_STALL_MS)
      log.warn({ ms }, 'the event loop stood still: events and proofs waited behind one task');
    this.#observers.tell('loop:stalled', { ms });
  }
}
