import { beforeEach, describe, expect, it } from 'vitest';
import type { Action } from '../../model/plan.ts';
import type { Offset } from '../../model/position.ts';
import { NEVER } from '../../trust/proofs.ts';
import { embedsOf, MemoryStore, type Fill, type Shelf } from './store.ts';

const at = (offset: number): Offset => offset as Offset;
const fill = (over: Partial<Fill> = {}): Fill => ({
  value: 'v',
  tags: [],
  stamp: at(0),
  loadedAt: 0,
  ttlMs: 1_000,
  ...over,
});
const act = (
  kind: Action['kind'],
  target: string,
  offset: number,
  namespace?: string,
): { action: Action; at: Offset } => ({
  action: { kind, target, ...(namespace === undefined ? {} : { namespace }) },
  at: at(offset),
});

describe('the memory store', () => {
  let store: MemoryStore;
  let product: Shelf;
  let order: Shelf;
  beforeEach(() => {
    store = new MemoryStore();
    product = { name: 'product', provenAt: NEVER };
    order = { name: 'order', provenAt: NEVER };
  });

  it('holds the same key in several namespaces, and a global delete reaches it in each', () => {
    store.fill(product, 'k', fill({ value: 'p' }), 0);
    store.fill(order, 'k', fill({ value: 'o' }), 0);
    expect(store.find(product, 'k')?.value).toBe('p');
    expect(store.find(order, 'k')?.value).toBe('o');
    store.apply([act('delete_key', 'k', 1)], at(1));
    expect(store.find(product, 'k')).toBeNull();
    expect(store.find(order, 'k')).toBeNull();
    expect(store.size).toBe(0);
  });

  it('deletes in one namespace only when the action is narrowed', () => {
    store.fill(product, 'k', fill(), 0);
    store.fill(order, 'k', fill(), 0);
    store.apply([act('delete_key', 'k', 1, 'order')], at(1));
    expect(store.find(product, 'k')).not.toBeNull();
    expect(store.find(order, 'k')).toBeNull();
  });

  it('does not delete what was loaded at or after the event: a duplicate costs no fresh entry (anomaly C1)', () => {
    store.apply([act('delete_key', 'k', 1)], at(1));
    store.fill(product, 'k', fill({ stamp: at(1) }), 0);
    store.apply([act('delete_key', 'k', 1), act('purge_tag', 'red', 1)], at(1));
    expect(store.find(product, 'k')).not.toBeNull();
  });

  it('purges a tag from every entry that carries it at once, and gives the memory back in sweeps', () => {
    for (let i = 0; i < 100; i++) store.fill(product, `k${i}`, fill({ tags: [i % 2 ? 'odd' : 'even'] }), 0);
    store.apply([act('purge_tag', 'odd', 1)], at(1));
    expect(store.find(product, 'k1')).toBeNull();
    expect(store.find(product, 'k2')).not.toBeNull();
    expect(store.needsSweep).toBe(true);
    while (store.sweep(7, 0));
    expect(store.needsSweep).toBe(false);
    expect(store.size).toBe(50);
  });

  it('sweeps what is past its ttl', () => {
    store.fill(product, 'old', fill({ ttlMs: 10 }), 0);
    store.fill(product, 'young', fill({ ttlMs: 100 }), 0);
    expect(store.sweep(100, 50)).toBe(false);
    expect(store.size).toBe(1);
  });

  it('purges a namespace, and everything', () => {
    store.fill(product, 'a', fill(), 0);
    store.fill(order, 'b', fill(), 0);
    store.apply([act('purge_namespace', 'product', 1)], at(1));
    expect(store.find(product, 'a')).toBeNull();
    expect(store.find(order, 'b')).not.toBeNull();
    store.apply([act('purge_namespace', '*', 2)], at(2));
    expect(store.find(order, 'b')).toBeNull();
  });

  it('refuses a fill whose load began before an invalidation of its key, tag or namespace, and forgets nothing else', () => {
    store.apply([act('delete_key', 'k', 1), act('purge_tag', 'red', 2), act('purge_namespace', 'order', 3)], at(3));
    expect(store.fill(product, 'k', fill(), 0)).toEqual({ stored: false, reason: 'key-invalidated', at: 1 });
    expect(store.fill(product, 'x', fill({ tags: ['red'], stamp: at(1) }), 0)).toMatchObject({
      reason: 'tag-invalidated',
    });
    expect(store.fill(order, 'y', fill({ stamp: at(2) }), 0)).toMatchObject({ reason: 'namespace-purged' });
    expect(store.fill(product, 'z', fill(), 0).stored).toBe(true);
  });

  it('keeps what saw more of the source when two loads end in the wrong order (anomaly A8)', () => {
    store.apply([], at(5));
    store.fill(product, 'k', fill({ value: 'newer', stamp: at(5), loadedAt: 10 }), 20);
    expect(store.fill(product, 'k', fill({ value: 'older', stamp: at(4) }), 20)).toMatchObject({
      reason: 'older-than-stored',
    });
    expect(store.fill(product, 'k', fill({ value: 'older', stamp: at(5), loadedAt: 9 }), 20).stored).toBe(false);
    expect(store.fill(product, 'k', fill({ value: 'given', stamp: at(5), loadedAt: NEVER }), 20).stored).toBe(true);
    expect(store.find(product, 'k')?.value).toBe('given');
  });

  it('refuses an old load after the newer entry was evicted (anomaly A5)', () => {
    store = new MemoryStore(at(0), { maxEntries: 1 });
    store.apply([act('delete_key', 'k', 1)], at(1));
    store.fill(product, 'k', fill({ stamp: at(1) }), 0);
    store.fill(product, 'other', fill({ stamp: at(1) }), 0);
    expect(store.find(product, 'k')).toBeNull();
    expect(store.fill(product, 'k', fill({ stamp: at(0) }), 0).stored).toBe(false);
  });

  it('refuses loads of an earlier life: a store starts with its floor at the journal head', () => {
    store = new MemoryStore(at(9));
    expect(store.watermark).toBe(9);
    expect(store.fill(product, 'k', fill({ stamp: at(8) }), 0)).toMatchObject({ reason: 'below-floor' });
  });

  it('expires softly: the entry stays, known to be current as of the last proof before', () => {
    product.provenAt = 40;
    store.fill(product, 'k', fill({ loadedAt: 10 }), 10);
    store.apply([act('expire_key', 'k', 1)], at(1));
    product.provenAt = 90;
    expect(store.find(product, 'k')?.expiredAsOf).toBe(40);
    store.apply([act('expire_key', 'k', 2)], at(2));
    expect(store.find(product, 'k')?.expiredAsOf).toBe(40);
    expect(store.fill(product, 'k', fill({ stamp: at(1) }), 0).stored).toBe(false);
    expect(store.fill(product, 'k', fill({ stamp: at(2) }), 0).stored).toBe(true);
    expect(store.find(product, 'k')?.expiredAsOf).toBeNull();
  });

  it('expires by tag: the entry stays, known to be current as of its load', () => {
    store.fill(product, 'k', fill({ tags: ['red'] }), 0);
    store.apply([act('expire_tag', 'red', 1)], at(1));
    expect(store.find(product, 'k')?.expiredAsOf).toBe(NEVER);
    store.apply([act('purge_tag', 'red', 2)], at(2));
    expect(store.find(product, 'k')).toBeNull();
  });

  it('shows what it holds of a key as a reader would meet it, and takes out what has ended', () => {
    store.fill(product, 'k', fill({ tags: ['red'] }), 0);
    store.fill(order, 'k', fill({ tags: ['blue'] }), 0);
    store.apply([act('expire_tag', 'red', 1), act('purge_tag', 'blue', 1)], at(1));
    expect(store.held('k').map(({ shelf, expiredAsOf }) => [shelf.name, expiredAsOf])).toEqual([['product', NEVER]]);
    expect(store.departures.of('k')).toMatchObject([{ namespace: 'order', how: 'ended' }]);
  });

  it('asks a resident entry to load again after the watermark has moved, so that the load may be stored', () => {
    const seen: Offset[] = [];
    store.fill(
      product,
      'k',
      fill({
        origin: { refresh: () => seen.push(store.watermark), look: () => Promise.reject(new Error('not asked')) },
      }),
      0,
    );
    store.fill(product, 'set', fill(), 0);
    store.apply([act('refresh_key', 'k', 3), act('refresh_key', 'set', 3), act('refresh_key', 'absent', 3)], at(3));
    expect(seen).toEqual([3]);
  });

  it('skips what it cannot do', () => {
    const outcomes = store.apply([act('purge_url', '/x', 1), act('refresh_projection', 'p', 1)], at(1));
    expect(outcomes.map((one) => one.status)).toEqual(['skipped', 'skipped']);
  });

  it('never lets its watermark go back', () => {
    store.apply([], at(5));
    store.apply([], at(3));
    expect(store.watermark).toBe(5);
  });

  it('stays within its entries and its bytes', () => {
    store = new MemoryStore(at(0), { maxEntries: 10, maxBytes: 20_000 });
    for (let i = 0; i < 100; i++) store.fill(product, `k${i}`, fill({ value: 'x'.repeat(100) }), 0);
    expect(store.size).toBe(10);
    store.fill(product, 'big', fill({ value: 'x'.repeat(15_000) }), 0);
    expect(store.bytes).toBeLessThanOrEqual(20_000);
    expect(store.find(product, 'big')).not.toBeNull();
    store.fill(product, 'too-big', fill({ value: 'x'.repeat(30_000) }), 0);
    expect(store.find(product, 'too-big')).toBeNull();
    expect(store.bytes).toBeLessThanOrEqual(20_000);
  });

  it('keeps what is read often when a scan passes through', () => {
    store = new MemoryStore(at(0), { maxEntries: 10 });
    for (let i = 0; i < 5; i++) store.fill(product, `hot${i}`, fill(), 0);
    for (let i = 0; i < 1_000; i++) {
      for (let hot = 0; hot < 5; hot++) store.find(product, `hot${hot}`);
      store.fill(product, `scan${i}`, fill(), 0);
    }
    for (let hot = 0; hot < 5; hot++) expect(store.find(product, `hot${hot}`)).not.toBeNull();
  });

  it('shows what it holds of a key in every namespace, without what has been purged', () => {
    store.fill(product, 'k', fill({ tags: ['red'] }), 0);
    store.fill(order, 'k', fill(), 0);
    store.apply([act('purge_tag', 'red', 1)], at(1));
    expect(store.held('k').map((entry) => entry.shelf.name)).toEqual(['order']);
  });

  it('removes siblings one by one, in any order', () => {
    const third: Shelf = { name: 'third', provenAt: NEVER };
    for (const shelf of [product, order, third]) store.fill(shelf, 'k', fill(), 0);
    expect(store.remove(product, 'k')).toBe(true);
    expect(store.remove(product, 'k')).toBe(false);
    expect(store.held('k').map((entry) => entry.shelf.name)).toEqual(['third', 'order']);
    store.clear();
    expect(store.size).toBe(0);
    expect(store.bytes).toBe(0);
  });

  describe('an entry that others are embedded in', () => {
    const embeds = [
      { namespace: 'product', key: 'k', tags: ['red'] },
      { namespace: 'product', key: 'l', tags: [] },
    ];
    const put = (stamp = 0): boolean => store.fill(order, 'page', fill({ stamp: at(stamp), embeds }), 0).stored;

    it.each([
      ['a delete of a key', act('delete_key', 'k', 1)],
      ['a delete of the other', act('delete_key', 'l', 1)],
      ['a delete in its namespace', act('delete_key', 'k', 1, 'product')],
      ['a purge of its tag', act('purge_tag', 'red', 1)],
      ['a purge of its tag in its namespace', act('purge_tag', 'red', 1, 'product')],
      ['a purge of its namespace', act('purge_namespace', 'product', 1)],
      ['a purge of everything', act('purge_namespace', '*', 1)],
    ])('is gone with %s, and admitted again by what has seen it', (_, action) => {
      expect(put()).toBe(true);
      const entry = store.find(order, 'page')!;
      store.apply([action], at(1));
      expect([store.stands(entry, 0), store.held('page'), store.find(order, 'page')]).toEqual([false, [], null]);
      expect([put(0), put(1)]).toEqual([false, true]);
    });

    it.each([
      ['an expiry of a key', act('expire_key', 'k', 1)],
      ['a refresh of a key', act('refresh_key', 'l', 1)],
      ['an expiry of its tag', act('expire_tag', 'red', 1)],
    ])('is expired softly by %s', (_, action) => {
      put();
      const entry = store.find(order, 'page')!;
      store.apply([action], at(1));
      expect([store.find(order, 'page')?.expiredAsOf, store.stands(entry, 0), put(0)]).toEqual([NEVER, false, false]);
    });

    it.each([
      ['another key', act('delete_key', 'x', 1)],
      ['the key in another namespace', act('delete_key', 'k', 1, 'order')],
      ['its tag in another namespace', act('purge_tag', 'red', 1, 'order')],
      ['a tag that is called as the key', act('purge_tag', 'k', 1)],
    ])('stays with the end of %s', (_, action) => {
      put();
      store.apply([action], at(1));
      expect(store.find(order, 'page')).not.toBeNull();
    });

    it('says what it is made of, and counts it', () => {
      const plain = (store.fill(order, 'plain', fill(), 0), store.bytes);
      put();
      expect(embedsOf(store.find(order, 'page')!)).toEqual(embeds);
      expect(embedsOf(store.find(order, 'plain')!)).toEqual([]);
      expect(store.bytes - plain).toBeGreaterThan(plain);
      store.clear();
      expect(store.bytes).toBe(0);
    });
  });
});
