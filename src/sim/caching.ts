import type { Cache } from '../client/cache.ts';
import type { MemoryStore } from '../layers/memory/store.ts';
import type { SimulatedClock } from '../runtime/simulated-time.ts';

/** A process that reads through caches. */
export interface Caching {
  readonly clock: SimulatedClock;
  /** The layer outside of its memory; `null`: it has none. */
  readonly outer: MemoryStore | null;
  cache(namespace: string): Cache<number>;
}
