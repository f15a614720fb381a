import { Cache } from '../../src/client/cache.ts';
import type { LoadContext } from '../../src/client/options.ts';
import type { Counts, Policy } from '../../src/client/parts.ts';
import { Progress } from '../../src/client/progress.ts';
import { MemoryStore, type Shelf } from '../../src/layers/memory/store.ts';
import type { Action } from '../../src/model/plan.ts';
import type { Offset } from '../../src/model/position.ts';
import { virtualRuntime, type VirtualRuntime } from '../../src/runtime/virtual.ts';
import { NEVER } from '../../src/trust/proofs.ts';

export const at = (offset: number): Offset => offset as Offset;

/** One namespace over a real store and virtual time, with a source whose value the test sets. */
export class CacheWorld {
  readonly runtime: VirtualRuntime = virtualRuntime();
  readonly store = new MemoryStore();
  readonly shelf: Shelf = { name: 'product', provenAt: NEVER };
  readonly counts: Counts = { hits: 0, misses: 0, uncertain: 0, stored: 0, refused: 0, skipped: 0 };
  readonly closing = new AbortController();
  readonly told: string[] = [];
  readonly cache: Cache<string | null, string>;
  source: string | null = 'v1';
  loads = 0;
  offset = 0;

  constructor(policy: Partial<Policy> = {}, watched = false) {
    this.cache = new Cache<string | null, string>({
      store: this.store,
      shelf: this.shelf,
      policy: {
        name: 'product',
        ttlMs: 10_000,
        jitter: 0,
        maxStalenessMs: undefined,
        whenUncertain: 'bypass',
        provable: false,
        ...policy,
      },
      counts: this.counts,
      runtime: this.runtime,
      observer: { active: watched, tell: (type) => this.told.push(type) },
      progress: new Progress(),
      layer: 'local',
      closing: this.closing.signal,
      invalidate: (message) => Promise.resolve(JSON.stringify(message)),
    });
  }

  /** A write at the source, and its event applied. */
  change(value: string | null, ...actions: Action[]): void {
    this.source = value;
    this.apply(...(actions.length > 0 ? actions : [{ kind: 'delete_key' as const, target: 'k' }]));
  }

  apply(...actions: Action[]): void {
    this.offset++;
    this.store.apply(
      actions.map((action) => ({ action, at: at(this.offset) })),
      at(this.offset),
    );
  }

  readonly load = (): string | null => {
    this.loads++;
    return this.source;
  };

  /** A load that reads at once and answers when the test says so. */
  slow(tags?: readonly string[]): { factory: (context: LoadContext) => Promise<string | null>; finish: () => void } {
    let finish: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const factory = async (context: LoadContext): Promise<string | null> => {
      const read = this.load();
      await gate;
      if (tags) context.setTags(tags);
      return read;
    };
    return { factory, finish };
  }

  get(): Promise<string | null> {
    return this.cache.getOrSet({ key: 'k', tags: ['red'], factory: this.load });
  }
}
