import { beforeEach, describe, expect, it } from 'vitest';
import { at, CacheWorld } from '../../test/support/cache-world.ts';
import { settled } from '../runtime/virtual.ts';

let world: CacheWorld;
beforeEach(() => {
  world = new CacheWorld();
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
    world = new CacheWorld({ jitter: 0.5 });
    for (let i = 0; i < 20; i++) await world.cache.getOrSet({ key: `k${i}`, factory: world.load });
    const expiries = Array.from({ length: 20 }, (_, i) => world.store.find(world.shelf, `k${i}`)?.expiresAt ?? 0);
    expect(Math.max(...expiries)).toBeLessThanOrEqual(10_000);
    expect(Math.min(...expiries)).toBeGreaterThanOrEqual(5_000);
    expect(new Set(expiries).size).toBeGreaterThan(10);
  });
});

describe('trust', () => {
  it('ends when nothing has proven freshness for the bound, and comes back with a proof', async () => {
    world = new CacheWorld({ maxStalenessMs: 100 });
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
    world = new CacheWorld({ maxStalenessMs: 100, whenUncertain: 'revalidate' });
    await world.get();
    await world.runtime.clock.advance(500);
    world.source = 'v2';
    expect(await Promise.all([world.get(), world.get()])).toEqual(['v1', 'v1']);
    await settled();
    expect(await world.get()).toBe('v2');
    expect(world.loads).toBe(2);
  });

  it('under serve says that nothing proves the value', async () => {
    world = new CacheWorld({ maxStalenessMs: 100, whenUncertain: 'serve' });
    await world.get();
    await world.runtime.clock.advance(500);
    const read = await world.cache.read({ key: 'k', factory: world.load });
    expect(read).toMatchObject({ value: 'v1', trust: 'unproven', maxAgeMs: 500, layer: 'local' });
    expect(read.asOf).toBe(world.runtime.clock.now() - 500);
  });

  it('under error rejects, but loads what is not resident', async () => {
    world = new CacheWorld({ maxStalenessMs: 100, whenUncertain: 'error' });
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
    world = new CacheWorld({ maxStalenessMs: 100 });
    await world.get();
    await world.runtime.clock.advance(50);
    world.change('v2', { kind: 'expire_key', target: 'k' });
    expect(await world.cache.read({ key: 'k', factory: world.load })).toMatchObject({ value: 'v1', trust: 'stale' });
    await settled();
    expect(await world.get()).toBe('v2');
  });

  it('of a softly expired value ends with its bound', async () => {
    world = new CacheWorld({ maxStalenessMs: 100 });
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
    world = new CacheWorld({ maxStalenessMs: 100, whenUncertain: 'revalidate' });
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
    world = new CacheWorld({ maxStalenessMs: 100 });
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
    world = new CacheWorld({}, true);
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
