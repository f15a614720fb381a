import type { Cache } from '../client/cache.ts';
import type { Config } from '../config/config.ts';
import type { Kinds } from '../config/kinds.ts';
import type { MemoryStore } from '../layers/memory/store.ts';
import { ORIGIN, type Offset } from '../model/position.ts';
import { createMetrics } from '../runtime/metrics.ts';
import type { Log } from '../runtime/log.ts';
import type { SimulatedClock } from '../runtime/simulated-time.ts';
import { cacheOf } from '../service/cache-of.ts';
import { Engine } from '../service/engine.ts';
import type { Caching } from './caching.ts';
import type { Draw } from './draw.ts';
import type { Link } from './link.ts';

export interface ProcessParts {
  readonly config: Config;
  readonly draw: Draw;
  readonly log: Log;
  /** Kinds whose parts belong to this process. */
  readonly kinds: Kinds;
}

/** One life of the process that runs Tidemark: from its start until it crashes. */
export class Process implements Caching {
  readonly clock: SimulatedClock;
  readonly #caches = new Map<string, Cache<number>>();
  #engine: Engine | null = null;
  #startedAt = ORIGIN;
  /** Its connection to the database at the moment. */
  link: Link | null = null;
  outer: MemoryStore | null = null;

  constructor(clock: SimulatedClock) {
    this.clock = clock;
  }

  /** Resolves when it is up; never, when it crashes before. */
  async start({ config, draw, log, kinds }: ProcessParts): Promise<void> {
    const runtime = { clock: this.clock, random: draw, log, metrics: createMetrics() };
    this.#engine = await Engine.start({ config, runtime, refreshes: {}, kinds });
    this.#startedAt = this.#engine.memory.store.watermark;
  }

  /** Where the journal was settled when it began. */
  get startedAt(): Offset {
    return this.#startedAt;
  }

  get isUp(): boolean {
    return this.#engine !== null && !this.clock.dead;
  }

  get engine(): Engine {
    if (!this.#engine) throw new Error('the process is not up');
    return this.#engine;
  }

  cache(namespace: string): Cache<number> {
    let cache = this.#caches.get(namespace);
    if (!cache) {
      cache = cacheOf(this.engine, namespace) as Cache<number>;
      this.#caches.set(namespace, cache);
    }
    return cache;
  }

  /** Gone between two instructions: nothing it does from now on has an effect, and nothing reaches it. */
  kill(): void {
    this.clock.kill();
    this.link?.close();
  }
}
