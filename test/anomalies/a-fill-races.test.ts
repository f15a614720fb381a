import { expect } from 'vitest';
import { anomaly } from './anomaly.ts';
import { EQUAL_IS_NEW_ENOUGH, FENCE, FLOOR, NEWER_STAYS, STAMP_BEFORE_LOAD } from './switches.ts';
import { settled } from '../../src/runtime/virtual.ts';
import type { Version } from './origin.ts';
import { STALENESS_MS, update } from './world.ts';

const KEY = 'product:1';

anomaly('A1', 'stale set: the late fill is not stored', { by: FENCE }, async (world) => {
  await world.change(1);
  const late = await world.slow(KEY);
  await world.change(1);
  expect((await late.finish()).value).toBe(1);
  expect((await world.read(KEY)).value).toBe(2);
});

anomaly('A2', 'created-at stamp: it is taken before the load', { by: STAMP_BEFORE_LOAD }, async (world) => {
  await world.change(1);
  const late = await world.slow(KEY);
  expect(late.stamp).toBe(world.cache.stamp());
  await world.change(1);
  expect(late.stamp).toBeLessThan(world.cache.stamp());
  await late.finish();
  await world.read(KEY);
  // A program that loads by itself takes the stamp before it reads, and has the same protection.
  const stamp = world.cache.stamp();
  const value = await world.load(KEY);
  await world.change(1);
  expect(await world.cache.set({ key: KEY, value, stamp })).toBe(false);
  await world.read(KEY);
});

anomaly(
  'A5',
  'newer entry evicted: the late fill finds an empty slot and is refused all the same',
  { by: FENCE, limits: { max_entries: 2 } },
  async (world) => {
    await world.change(1);
    const late = await world.slow(KEY);
    await world.change(1);
    await world.cache.set({ key: KEY, value: await world.load(KEY), stamp: world.cache.stamp() });
    for (let id = 2; id < 10; id++) await world.read(`product:${id}`);
    expect(world.cache.peek(KEY)).toBeUndefined();
    await late.finish();
    expect((await world.read(KEY)).value).toBe(2);
  },
);

anomaly(
  'A6',
  'tombstone evicted: the floor refuses what it would have refused',
  { by: FLOOR, limits: { max_tombstones: 2 } },
  async (world) => {
    await world.change(1);
    const late = await world.slow(KEY);
    await world.change(1);
    for (let id = 2; id < 10; id++) await world.change(id);
    await late.finish();
    expect((await world.read(KEY)).value).toBe(2);
  },
);

anomaly('A7', 'refresh against invalidation: the refresh is fenced, too', { by: FENCE }, async (world) => {
  await world.change(1);
  await world.read(KEY);
  // Expired softly: the next read is served within the bound, and starts a refresh that reads version 2.
  await world.change(1, 'stock.updated');
  const refresh = await world.slow(KEY);
  await world.change(1);
  await refresh.finish();
  expect((await world.read(KEY)).value).toBe(3);
});

anomaly('A8', 'two fills, older last: what saw more of the source stays', { by: NEWER_STAYS }, async (world) => {
  await world.change(1);
  const first = await world.slow(KEY);
  const stamp = world.cache.stamp();
  const old = await world.load(KEY);
  await world.commit(update(1), true);
  // Nothing was announced of it, so the fence knows nothing; the second load began later and has seen more.
  await world.change(2);
  expect(await world.cache.set({ key: KEY, value: await world.load(KEY), stamp: world.cache.stamp() })).toBe(true);
  await first.finish();
  expect(await world.cache.set({ key: KEY, value: old, stamp })).toBe(false);
  expect(world.cache.peek(KEY)).toBe(2);
});

anomaly(
  'A9',
  'value and version apart: they are one, and compared exactly at the event',
  { by: EQUAL_IS_NEW_ENOUGH },
  async (world) => {
    await world.change(1);
    const before = await world.slow(KEY);
    await world.change(1);
    expect(world.cache.stamp() - before.stamp).toBe(1);
    // The load from before the event is too old by one; one that begins exactly at it is not.
    await before.finish();
    expect(await world.read(KEY)).toMatchObject({ value: 2, hit: false });
    expect(await world.read(KEY)).toMatchObject({ value: 2, hit: true });
  },
);

anomaly(
  'A12',
  'load longer than its tombstones live: whatever it carries, the floor refuses it',
  { by: FLOOR, limits: { max_tombstones: 4 } },
  async (world) => {
    await world.change(1);
    const late = await world.slow('page:1', { tags: ['product-1'] });
    await world.commit({ keys: ['page:1', KEY], events: update(1).events });
    await world.applied();
    for (let id = 2; id < 20; id++) await world.change(id);
    await late.finish();
    expect(await world.read('page:1', { tags: ['product-1'] })).toMatchObject({ value: 1, hit: false });
  },
);

anomaly(
  'A13',
  'single-flight joins too old a load: a reader that came after the event does not',
  { by: FENCE },
  async (world) => {
    await world.change(1);
    const old = await world.slow(KEY);
    await world.change(1);
    const reader = world.read(KEY);
    await old.finish();
    expect((await reader).value).toBe(2);
    expect((await world.read(KEY)).value).toBe(2);
  },
);

anomaly('A11', 'aborted read cached: what a load skips stays with its own reader', {}, async (world) => {
  await world.change(1);
  let roll: () => void = () => undefined;
  const rolledBack = new Promise<void>((resolve) => (roll = resolve));
  const UNCOMMITTED = 99;
  const writer = world.cache.getOrSet({
    key: KEY,
    factory: async (context) => {
      context.skip();
      await rolledBack;
      return UNCOMMITTED;
    },
  });
  await settled();
  // Others who come meanwhile wait with the writer, and must not be given what is then rolled back.
  const readers = [0, 1].map(() => world.cache.getOrSet({ key: KEY, factory: () => world.load(KEY) }));
  await settled();
  roll();
  expect([await writer, ...(await Promise.all(readers))]).toEqual([UNCOMMITTED, 1, 1]);
  expect(await world.read(KEY)).toMatchObject({ value: 1, hit: true });
});

anomaly(
  'A14',
  'thundering herd: ten thousand readers of a deleted key make one load',
  { namespace: { max_staleness: STALENESS_MS } },
  async (world) => {
    await world.change(1);
    await world.read(KEY);
    await world.change(1);
    world.loads = 0;
    const hard = await Promise.all(Array.from({ length: 10_000 }, () => world.read(KEY)));
    expect(new Set(hard.map(({ value }) => value))).toEqual(new Set([2]));
    expect(world.loads).toBe(1);
    // Expired softly instead: all are served at once, within the bound, and one load comes behind them.
    await world.change(1, 'stock.updated');
    world.loads = 0;
    const soft = await Promise.all(Array.from({ length: 10_000 }, () => world.read(KEY)));
    expect(soft.every(({ maxAgeMs }) => maxAgeMs <= STALENESS_MS)).toBe(true);
    await settled();
    expect(world.loads).toBe(1);
    expect((await world.read(KEY)).value).toBe(3);
  },
);

anomaly(
  'A15',
  'never-cacheable hot key: the prior value is served within its bound, one refresh at a time, and never beyond',
  { from: ['emitted'], namespace: { max_staleness: STALENESS_MS } },
  async (world) => {
    const { clock } = world.origin.runtime;
    await world.change(1);
    await world.read(KEY);
    let [loading, most, hits] = [0, 0, 0];
    const slowly = async (): Promise<Version> => {
      most = Math.max(most, ++loading);
      const version = await world.load(KEY);
      await clock.sleep(100);
      loading--;
      return version;
    };
    const began = clock.mono();
    // An event each 10 ms, and a load takes 100 ms: every fill is refused.
    for (let n = 0; n < 90; n++) {
      await world.change(1, 'stock.updated');
      const { layer, maxAgeMs } = await world.cache.read({ key: KEY, factory: slowly });
      if (layer !== 'source') hits++;
      expect(maxAgeMs).toBeLessThanOrEqual(STALENESS_MS);
      await clock.advance(10);
    }
    expect(clock.mono() - began).toBeLessThan(STALENESS_MS);
    expect([most, hits]).toEqual([1, 90]);
    await clock.advance(STALENESS_MS);
    expect(await world.read(KEY)).toMatchObject({ hit: false });
  },
);
