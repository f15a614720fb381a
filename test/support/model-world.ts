import type { Cache } from '../../src/client/cache.ts';
import { loadConfig } from '../../src/config/load.ts';
import { memoryJournal } from '../../src/journal/memory.ts';
import { memoryLayer } from '../../src/layers/memory/index.ts';
import type { Observation } from '../../src/model/observation.ts';
import type { AuditStatus } from '../../src/model/status.ts';
import type { Receipt } from '../../src/operations.ts';
import { virtualRuntime, type VirtualRuntime } from '../../src/runtime/virtual.ts';
import { cacheOf } from '../../src/service/cache-of.ts';
import { Engine } from '../../src/service/engine.ts';
import { ModelDatabase, ModelFeed, modelSource, type FeedOptions } from './model-database.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly config: Readonly<Record<string, unknown>>;
  readonly feed?: (runtime: VirtualRuntime) => FeedOptions;
  /** Whether the feed is of a kind that proves. Default true. */
  readonly proves?: boolean;
}

/** Everything that Tidemark is but the HTTP server, over a model database, in virtual time from one seed. */
export class ModelWorld {
  readonly runtime: VirtualRuntime;
  readonly database: ModelDatabase;
  readonly engine: Engine;
  readonly violations: Observation[] = [];

  static async start({ seed, config, feed, proves = true }: WorldOptions): Promise<ModelWorld> {
    const runtime = virtualRuntime(seed);
    const database = new ModelDatabase();
    const able = modelSource(database, runtime, feed?.(runtime) ?? {});
    const source = { ...able, can: { ...able.can, prove: proves } };
    const kinds = { sources: [source], journals: [memoryJournal], layers: [memoryLayer] };
    const object = { journal: { type: 'memory' }, sources: { db: { type: 'model' } }, ...config };
    const { config: parsed, findings } = loadConfig({ object, kinds });
    if (!parsed) throw new Error(JSON.stringify(findings));
    const engine = await Engine.start({ config: parsed, runtime, refreshes: {}, kinds });
    return new ModelWorld(runtime, database, engine);
  }

  private constructor(runtime: VirtualRuntime, database: ModelDatabase, engine: Engine) {
    this.runtime = runtime;
    this.database = database;
    this.engine = engine;
    engine.observers.add((observation) => {
      if (observation.type === 'audit:violation') this.violations.push(observation);
    });
  }

  cache<T>(namespace: string): Cache<T, Receipt> {
    return cacheOf(this.engine, namespace) as Cache<T, Receipt>;
  }

  get audit(): AuditStatus {
    const { auditor } = this.engine;
    if (!auditor) throw new Error('no auditor is configured');
    return auditor.status();
  }

  advance(ms: number): Promise<void> {
    return this.runtime.clock.advance(ms);
  }

  /** A number below `n`. */
  below(n: number): number {
    return Math.floor(this.runtime.random.next() * n);
  }

  pause(ms: number): Promise<void> {
    return this.runtime.clock.sleep(ms);
  }

  /** From now on everything is announced, and nothing proven; or proofs come again. */
  silence(on: boolean): void {
    if (on) ModelFeed.silenced.add(this.database);
    else ModelFeed.silenced.delete(this.database);
  }

  async close(): Promise<void> {
    const closed = this.engine.close();
    // What waits at the close waits for virtual time.
    let over = false;
    void closed.finally(() => (over = true));
    while (!over) await this.advance(1_000);
    await closed;
  }
}
