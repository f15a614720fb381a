import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryStore, type Shelf } from '../layers/memory/store.ts';
import type { Action } from '../model/plan.ts';
import type { Offset } from '../model/position.ts';
import { virtualRuntime, settled, type VirtualRuntime } from '../runtime/virtual.ts';
import { NEVER } from '../trust/proofs.ts';
import { Cache } from './cache.ts';
import type { LoadContext } from './options.ts';
import type { Counts, Policy } from './parts.ts';
import { Progress } from './progress.ts';

const at = (offset: number): Offset => offset as Offset;

/** One namespace over a real store and virtual time, with a source whose value the test sets. */
class World {
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

let world: World;
beforeEach(() => {
  world = new World();
});

describe('a read', () => {
  it('loads once and then serves from the cache', async () => {
    expect(await world.get()).toBe('v1');
    world.source = 'v2';
    expect(await world.get()).toBe('v1');
    expect(world.loads).toBe(1);
    expect(world.counts).toMatchObject({ hits: 1, misses: 1, stored: 1 });
  });

  it('caches null, and refuses undefined with a clear error', async () => {
    world.source = null;
    expect(await world.get()).toBeNull();
    world.source = 'v2';
    expect(await world.get()).toBeNull();
    const nothing = world.cache.getOrSet({ key: 'other', factory: () => undefined as never });
    await expect(nothing).rejects.toMatchObject({ code: 'VALUE_UNDEFINED' });
  });

  it('serves nothing longer than the ttl after its load began', async () => {
    await world.get();
    world.source = 'v2';
    await world.runtime.clock.advance(9_999);
    expect(await world.get()).toBe('v1');
    await world.runtime.clock.advance(1);
    expect(await world.get()).toBe('v2');
  });

  it('takes a shorter ttl from the call or the factory, and never a longer one', async () => {
    await world.cache.getOrSet({ key: 'short', factory: world.load, ttl: '1s' });
    await world.cache.getOrSet({ key: 'long', factory: world.load, ttl: '10h' });
    await world.cache.getOrSet({
      key: 'own',
      factory: (context) => {
        context.setOptions({ ttl: 2_000, tags: ['blue'] });
        return world.load();
      },
    });
    const expiries = ['short', 'long', 'own'].map((key) => world.store.find(world.shelf, key)?.expiresAt);
    expect(expiries).toEqual([1_000, 10_000, 2_000]);
    expect(world.store.find(world.shelf, 'own')?.marks.map((mark) => mark.tag)).toEqual(['blue']);
    await expect(world.cache.getOrSet({ key: 'x', factory: world.load, ttl: 'soon' })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
    });
  });

  it('spreads expiries by its jitter, only ever earlier', async () => {
    world = new World({ jitter: 0.5 });
    for (let i = 0; i < 20; i++) await world.cache.getOrSet({ key: `k${i}`, factory: world.load });
    const expiries = Array.from({ length: 20 }, (_, i) => world.store.find(world.shelf, `k${i}`)?.expiresAt ?? 0);
    expect(Math.max(...expiries)).toBeLessThanOrEqual(10_000);
    expect(Math.min(...expiries)).toBeGreaterThanOrEqual(5_000);
    expect(new Set(expiries).size).toBeGreaterThan(10);
  });

  it('stores nothing when the factory skips', async () => {
    const skip = (context: LoadContext): string => {
      context.skip();
      return 'not for everybody';
    };
    expect(await world.cache.getOrSet({ key: 'k', factory: skip })).toBe('not for everybody');
    expect(world.store.size).toBe(0);
    expect(world.counts.skipped).toBe(1);
  });

  it('gives every waiting reader the error of a failed load, stores nothing, and tries again for the next', async () => {
    const fail = (): never => {
      throw new Error('database away');
    };
    const reads = [0, 1].map(() => world.cache.getOrSet({ key: 'k', factory: fail }));
    for (const read of reads) await expect(read).rejects.toThrow('database away');
    expect(await world.get()).toBe('v1');
  });

  it('does not hang on a load that hangs', async () => {
    let aborted = false;
    const read = world.cache.getOrSet({
      key: 'k',
      timeout: 500,
      factory: ({ signal }) =>
        new Promise(() => {
          signal.addEventListener('abort', () => (aborted = true));
        }),
    });
    const failed = expect(read).rejects.toMatchObject({ code: 'LOAD_TIMEOUT' });
    await world.runtime.clock.advance(500);
    await failed;
    expect(aborted).toBe(true);
    expect(await world.get()).toBe('v1');
  });

  it('ends loads under way when the cache closes', async () => {
    const read = world.cache.getOrSet({ key: 'k', factory: () => new Promise<string>(() => undefined) });
    const failed = expect(read).rejects.toMatchObject({ code: 'CLOSED' });
    await settled();
    world.closing.abort();
    await failed;
  });
});

describe('a load that races an invalidation', () => {
  it('of its key is returned and not stored (anomaly A1)', async () => {
    const slow = world.slow();
    const read = world.cache.getOrSet({ key: 'k', factory: slow.factory });
    await settled();
    world.change('v2');
    slow.finish();
    expect(await read).toBe('v1');
    expect(world.counts.refused).toBe(1);
    expect(await world.get()).toBe('v2');
  });

  it('of one of its tags is not stored', async () => {
    const slow = world.slow();
    const read = world.cache.getOrSet({ key: 'k', tags: ['red'], factory: slow.factory });
    await settled();
    world.change('v2', { kind: 'purge_tag', target: 'red' });
    slow.finish();
    await read;
    expect(await world.get()).toBe('v2');
  });

  it('of a tag that is only known after the load is not stored (anomaly D8)', async () => {
    const slow = world.slow(['learned']);
    const read = world.cache.getOrSet({ key: 'k', factory: slow.factory });
    await settled();
    world.change('v2', { kind: 'purge_tag', target: 'learned' });
    slow.finish();
    await read;
    expect(await world.get()).toBe('v2');
  });

  it('of its namespace, or softly, is not stored either', async () => {
    for (const action of [
      { kind: 'purge_namespace', target: 'product' },
      { kind: 'expire_key', target: 'k' },
      { kind: 'expire_tag', target: 'red' },
      { kind: 'refresh_key', target: 'k' },
    ] satisfies Action[]) {
      world = new World();
      const slow = world.slow(['red']);
      const read = world.cache.getOrSet({ key: 'k', factory: slow.factory });
      await settled();
      world.change('v2', action);
      slow.finish();
      await read;
      expect(await world.get(), action.kind).toBe('v2');
    }
  });

  it('is stored when the invalidation was of something else', async () => {
    const slow = world.slow(['red']);
    const read = world.cache.getOrSet({ key: 'k', factory: slow.factory });
    await settled();
    world.apply({ kind: 'delete_key', target: 'other' }, { kind: 'purge_tag', target: 'blue' });
    slow.finish();
    await read;
    expect(world.counts).toMatchObject({ stored: 1, refused: 0 });
  });
});

describe('single-flight', () => {
  it('loads once for many readers', async () => {
    const slow = world.slow();
    const reads = Array.from({ length: 100 }, () => world.cache.getOrSet({ key: 'k', factory: slow.factory }));
    await settled();
    slow.finish();
    expect(new Set(await Promise.all(reads))).toEqual(new Set(['v1']));
    expect(world.loads).toBe(1);
  });

  it('is not joined by a reader that comes after an invalidation (anomaly A13)', async () => {
    const slow = world.slow();
    const early = world.cache.getOrSet({ key: 'k', factory: slow.factory });
    await settled();
    world.change('v2');
    const late = world.get();
    slow.finish();
    expect(await early).toBe('v1');
    expect(await late).toBe('v2');
    expect(await world.get()).toBe('v2');
    expect(world.loads).toBe(2);
  });

  it('is left by a reader whose load turns out to carry a tag that was purged before the reader came', async () => {
    const slow = world.slow(['learned']);
    const early = world.cache.getOrSet({ key: 'k', factory: slow.factory });
    await settled();
    world.change('v2', { kind: 'purge_tag', target: 'learned' });
    // Nothing known of the load says that it is too old yet, so the reader waits with it.
    const late = world.get();
    await settled();
    expect(world.loads).toBe(1);
    slow.finish();
    expect(await early).toBe('v1');
    expect(await late).toBe('v2');
  });

  it('is left by a reader that came between two invalidations of which the fence tells the newer', async () => {
    const slow = world.slow(['one', 'other']);
    const early = world.cache.getOrSet({ key: 'k', factory: slow.factory });
    await settled();
    world.change('v2', { kind: 'purge_tag', target: 'other' });
    const late = world.get();
    await settled();
    world.change('v3', { kind: 'purge_tag', target: 'one' });
    slow.finish();
    expect(await early).toBe('v1');
    expect(await late).toBe('v3');
  });

  it('keeps its value for a reader that came before the invalidation', async () => {
    const slow = world.slow();
    const reads = [0, 1].map(() => world.cache.getOrSet({ key: 'k', factory: slow.factory }));
    await settled();
    world.change('v2');
    slow.finish();
    expect(await Promise.all(reads)).toEqual(['v1', 'v1']);
    expect(world.loads).toBe(1);
  });

  it('is not joined when the load began longer ago than the bound and nothing proves more', async () => {
    world = new World({ maxStalenessMs: 100 });
    const slow = world.slow();
    const early = world.cache.getOrSet({ key: 'k', factory: slow.factory });
    await world.runtime.clock.advance(101);
    world.source = 'v2';
    expect(await world.get()).toBe('v2');
    slow.finish();
    expect(await early).toBe('v1');
    expect(await world.get()).toBe('v2');
  });

  it('of a skipping load is not good enough for a reader that came after an invalidation', async () => {
    const slow = world.slow(['learned']);
    const skipping = async (context: LoadContext): Promise<string | null> => {
      context.skip();
      return slow.factory(context);
    };
    const early = world.cache.getOrSet({ key: 'k', factory: skipping });
    await settled();
    world.change('v2', { kind: 'purge_tag', target: 'learned' });
    const late = world.get();
    slow.finish();
    expect([await early, await late]).toEqual(['v1', 'v2']);
  });
});

describe('trust', () => {
  it('ends when nothing has proven freshness for the bound, and comes back with a proof', async () => {
    world = new World({ maxStalenessMs: 100 });
    await world.get();
    await world.runtime.clock.advance(100);
    expect(await world.get()).toBe('v1');
    await world.runtime.clock.advance(1);
    world.source = 'v2';
    expect(await world.get()).toBe('v2');
    expect(world.counts).toMatchObject({ hits: 1, misses: 2, uncertain: 1 });
    await world.runtime.clock.advance(1_000);
    world.shelf.provenAt = world.runtime.clock.mono();
    expect((await world.cache.read({ key: 'k', factory: world.load })).trust).toBe('fresh');
    expect(world.loads).toBe(2);
  });

  it('under revalidate serves at once and refreshes behind, with one load for many readers', async () => {
    world = new World({ maxStalenessMs: 100, whenUncertain: 'revalidate' });
    await world.get();
    await world.runtime.clock.advance(500);
    world.source = 'v2';
    expect(await Promise.all([world.get(), world.get()])).toEqual(['v1', 'v1']);
    await settled();
    expect(await world.get()).toBe('v2');
    expect(world.loads).toBe(2);
  });

  it('under serve says that nothing proves the value', async () => {
    world = new World({ maxStalenessMs: 100, whenUncertain: 'serve' });
    await world.get();
    await world.runtime.clock.advance(500);
    const read = await world.cache.read({ key: 'k', factory: world.load });
    expect(read).toMatchObject({ value: 'v1', trust: 'unproven', maxAgeMs: 500, layer: 'local' });
    expect(read.asOf).toBe(world.runtime.clock.now() - 500);
  });

  it('under error rejects, but loads what is not resident', async () => {
    world = new World({ maxStalenessMs: 100, whenUncertain: 'error' });
    expect(await world.get()).toBe('v1');
    await world.runtime.clock.advance(500);
    await expect(world.get()).rejects.toMatchObject({ code: 'FRESHNESS_UNPROVEN' });
    await expect(world.cache.get({ key: 'k' })).rejects.toMatchObject({ code: 'FRESHNESS_UNPROVEN' });
    expect(world.cache.peek('k')).toBeUndefined();
  });

  it('of a loaded value is told with its age', async () => {
    expect(await world.cache.read({ key: 'k', factory: world.load })).toMatchObject({
      trust: 'fresh',
      layer: 'source',
      maxAgeMs: 0,
    });
    expect(await world.cache.read({ key: 'k', factory: world.load })).toMatchObject({ trust: 'ttl', layer: 'local' });
  });

  it('of a softly expired value: served within its bound while one load replaces it', async () => {
    world = new World({ maxStalenessMs: 100 });
    await world.get();
    await world.runtime.clock.advance(50);
    world.change('v2', { kind: 'expire_key', target: 'k' });
    expect(await world.cache.read({ key: 'k', factory: world.load })).toMatchObject({ value: 'v1', trust: 'stale' });
    await settled();
    expect(await world.get()).toBe('v2');
  });

  it('of a softly expired value ends with its bound', async () => {
    world = new World({ maxStalenessMs: 100 });
    await world.get();
    world.change('v2', { kind: 'expire_key', target: 'k' });
    await world.runtime.clock.advance(101);
    expect(await world.get()).toBe('v2');
  });

  it('of a refreshed key: loaded again at once, without a reader', async () => {
    await world.get();
    world.change('v2', { kind: 'refresh_key', target: 'k' });
    await settled();
    expect(world.loads).toBe(2);
    expect(await world.get()).toBe('v2');
    expect(world.loads).toBe(2);
  });

  it('survives a refresh behind that fails', async () => {
    world = new World({ maxStalenessMs: 100, whenUncertain: 'revalidate' });
    await world.get();
    await world.runtime.clock.advance(500);
    const fail = (): never => {
      throw new Error('database away');
    };
    expect(await world.cache.getOrSet({ key: 'k', factory: fail })).toBe('v1');
    await settled();
    expect(await world.get()).toBe('v1');
  });
});

describe('without a factory', () => {
  it('get and peek give what may be served and nothing else', async () => {
    expect(await world.cache.get({ key: 'k' })).toBeUndefined();
    expect(world.cache.peek('k')).toBeUndefined();
    await world.get();
    expect(await world.cache.get({ key: 'k' })).toBe('v1');
    expect(world.cache.peek('k')).toBe('v1');
    await world.runtime.clock.advance(10_000);
    expect(await world.cache.get({ key: 'k' })).toBeUndefined();
    expect(world.cache.peek('k')).toBeUndefined();
  });

  it('set with a stamp from before the read is fenced', async () => {
    const stamp = world.cache.stamp();
    const read = world.source;
    world.change('v2');
    expect(await world.cache.set({ key: 'k', value: read, stamp })).toBe(false);
    expect(await world.cache.set({ key: 'k', value: 'v2', tags: ['red'], ttl: '1m' })).toBe(true);
    expect(await world.cache.get({ key: 'k' })).toBe('v2');
    await expect(world.cache.set({ key: 'k', value: undefined as never })).rejects.toMatchObject({
      code: 'VALUE_UNDEFINED',
    });
  });

  it('set proves nothing by itself: under a bound only the sources make it fresh', async () => {
    world = new World({ maxStalenessMs: 100 });
    await world.cache.set({ key: 'k', value: 'v1' });
    expect(await world.cache.get({ key: 'k' })).toBeUndefined();
    world.shelf.provenAt = 0;
    expect(await world.cache.get({ key: 'k' })).toBe('v1');
  });

  it('invalidations go through the journal, narrowed to the namespace', async () => {
    expect(world.cache.namespace).toBe('product');
    expect(await world.cache.delete({ key: 'k' })).toBe('{"keys":["k"],"namespace":"product"}');
    expect(await world.cache.deleteByTag({ tags: ['a'] })).toBe('{"tags":["a"],"namespace":"product"}');
    expect(await world.cache.expire({ key: 'k' })).toBe('{"keys":["k"],"namespace":"product","soft":true}');
    expect(await world.cache.expireByTag({ tags: ['a'] })).toBe('{"tags":["a"],"namespace":"product","soft":true}');
    expect(await world.cache.clear()).toBe('{"namespaces":["product"]}');
  });
});

describe('read your writes', () => {
  it('loads when neither the entry nor the watermark has reached the write', async () => {
    await world.get();
    world.source = 'v2';
    expect(await world.cache.getOrSet({ key: 'k', factory: world.load, atLeast: at(1) })).toBe('v2');
    expect(await world.get()).toBe('v2');
  });

  it('loads what the write has expired softly, though it may be served to others', async () => {
    await world.get();
    world.change('v2', { kind: 'expire_key', target: 'k' });
    expect(await world.cache.getOrSet({ key: 'k', factory: world.load, atLeast: at(1) })).toBe('v2');
    world.change('v3', { kind: 'expire_tag', target: 'red' });
    expect(await world.cache.getOrSet({ key: 'k', tags: ['red'], factory: world.load, atLeast: at(1) })).toBe('v2');
  });

  it('serves from the cache once the write has been applied', async () => {
    await world.get();
    world.apply({ kind: 'delete_key', target: 'other' });
    expect(await world.cache.getOrSet({ key: 'k', factory: world.load, atLeast: at(1) })).toBe('v1');
    expect(world.loads).toBe(1);
  });
});

describe('observers', () => {
  it('are told of hits, misses, fills and refusals', async () => {
    world = new World({}, true);
    const slow = world.slow();
    const read = world.cache.getOrSet({ key: 'k', factory: slow.factory });
    await settled();
    world.change('v2');
    slow.finish();
    await read;
    await world.get();
    await world.get();
    expect(world.told).toEqual(['cache:miss', 'fill:refused', 'cache:miss', 'fill:stored', 'cache:hit']);
  });
});
