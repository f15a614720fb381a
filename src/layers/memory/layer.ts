import type { Health, Outcome } from '../../model/outcome.ts';
import type { Offset } from '../../model/position.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { CACHE_CAN, type Layer, type StampedAction } from '../layer.ts';
import type { MemoryStore } from './store.ts';

/** L1: the process's own memory. It starts empty, so its watermark starts at the journal's head. */
export class MemoryLayer implements Layer {
  readonly name: string;
  readonly can = CACHE_CAN;
  readonly store: MemoryStore;
  readonly #runtime: Pick<Runtime, 'clock'>;
  #cancelSweep: () => void = () => undefined;
  #fullSweepAt: number;

  constructor(name: string, runtime: Pick<Runtime, 'clock'>, store: MemoryStore) {
    this.name = name;
    this.store = store;
    this.#runtime = runtime;
    this.#fullSweepAt = runtime.clock.mono() + TTL_SWEEP_MS;
    this.#sweepLater(SWEEP_MS);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- one synchronous turn, behind the seam's promise
  async apply(actions: readonly StampedAction[], watermark: Offset): Promise<readonly Outcome[]> {
    return this.store.apply(actions, watermark);
  }

  probe(): Promise<Health> {
    return Promise.resolve({ ok: true });
  }

  close(): Promise<void> {
    this.#cancelSweep();
    this.store.clear();
    return Promise.resolve();
  }

  #sweepLater(ms: number): void {
    this.#cancelSweep = this.#runtime.clock.after(ms, () => {
      const now = this.#runtime.clock.mono();
      const due = this.store.needsSweep || now >= this.#fullSweepAt;
      const more = due && this.store.sweep(SWEEP_BUDGET, now);
      if (due && !more) this.#fullSweepAt = now + TTL_SWEEP_MS;
      this.#sweepLater(more ? SWEEP_PAUSE_MS : SWEEP_MS);
    });
  }
}

/** How soon after a purge its memory begins to come back. */
const SWEEP_MS = 250;

/** About a millisecond of work at a time, so that no reader feels it; a million entries take about six seconds. */
const SWEEP_BUDGET = 5_000;
const SWEEP_PAUSE_MS = 25;

/** Entries past their TTL are never served; their memory may wait this long. */
const TTL_SWEEP_MS = 30_000;
