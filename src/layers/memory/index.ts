import { z } from 'zod';
import type { Health, Outcome } from '../../model/outcome.ts';
import type { Offset } from '../../model/position.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Layer, LayerKind, StampedAction } from '../layer.ts';
import { MEMORY_CAN, MemoryStore, type StoreOptions } from './store.ts';

/** L1: the process's own memory. It starts empty, so its watermark starts at the journal's head. */
export class MemoryLayer implements Layer {
  readonly name: string;
  readonly can = MEMORY_CAN;
  readonly store: MemoryStore;
  readonly #runtime: Runtime;
  #cancelSweep: () => void = () => undefined;
  #fullSweepAt: number;

  constructor(name: string, runtime: Runtime, store: MemoryStore) {
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

const options = z.strictObject({
  max_entries: z.int().positive().default(100_000).describe('Most entries held; the least useful make room.'),
  max_bytes: z
    .int()
    .positive()
    .default(256 * 1024 * 1024)
    .describe('About how many bytes of heap the entries may take.'),
  max_tombstones: z
    .int()
    .positive()
    .default(65_536)
    .describe(
      'Invalidations remembered one by one for loads under way; older ones refuse every load that began before them.',
    ),
});

export type MemoryLayerOptions = z.output<typeof options>;

export const memoryLayer: LayerKind<MemoryLayerOptions> = {
  type: 'memory',
  summary: "The process's own memory (L1).",
  options,
  can: MEMORY_CAN,
  open: ({ name, runtime, startAt }, { max_entries, max_bytes, max_tombstones }) => {
    const limits: StoreOptions = { maxEntries: max_entries, maxBytes: max_bytes, tombstonesMax: max_tombstones };
    return Promise.resolve(new MemoryLayer(name, runtime, new MemoryStore(startAt, limits)));
  },
};
