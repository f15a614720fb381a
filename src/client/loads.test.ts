import { beforeEach, describe, expect, it } from 'vitest';
import { CacheWorld } from '../../test/support/cache-world.ts';
import type { Action } from '../model/plan.ts';
import { settled } from '../runtime/virtual.ts';
import type { LoadContext } from './options.ts';

let world: CacheWorld;
beforeEach(() => {
  world = new CacheWorld();
});

describe('a load', () => {
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
      world = new CacheWorld();
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
    world = new CacheWorld({ maxStalenessMs: 100 });
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
