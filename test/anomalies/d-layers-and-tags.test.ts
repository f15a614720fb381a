import { renameSync } from 'node:fs';
import { expect } from 'vitest';
import { anomaly } from './anomaly.ts';
import { EMBEDS, FENCE_AND_MARKS, FLOOR, MARKS_ARE_KEPT, OLDEST_PROOF, OWN_TTL, TOKENS } from './switches.ts';
import type { Version } from './origin.ts';
import { STALENESS_MS, update } from './world.ts';

const list = { tags: ['products'] };
const created = (...keys: string[]) => ({ keys, events: [{ type: 'product.created', data: { id: 7 } }] });

anomaly(
  'D5',
  'tag index race: what joins a tag around its purge is ended by that purge or by the next',
  { by: FENCE_AND_MARKS },
  async (world) => {
    await world.read('page:1', list);
    const joining = await world.slow('page:2', list);
    await world.commit(created('page:1', 'page:2', 'page:3'));
    await world.applied();
    await world.read('page:3', list);
    await joining.finish();
    for (const key of ['page:1', 'page:2', 'page:3']) expect((await world.read(key, list)).value).toBe(1);
    await world.commit(created('page:1', 'page:2', 'page:3'));
    await world.applied();
    for (const key of ['page:1', 'page:2', 'page:3']) expect((await world.read(key, list)).value).toBe(2);
  },
);

anomaly(
  'D6',
  'tag re-creation: a tag that was forgotten begins at the floor and not at zero',
  { by: FLOOR, limits: { max_tombstones: 2 } },
  async (world) => {
    const late = await world.slow('page:1', list);
    await world.commit(created('page:1'));
    await world.applied();
    for (let id = 10; id < 20; id++) await world.change(id);
    await late.finish();
    expect((await world.read('page:1', list)).value).toBe(1);
  },
);

anomaly(
  'D7',
  'tag stamp shorter than its entries: it lives as long as one of them',
  { by: MARKS_ARE_KEPT, limits: { max_tombstones: 2 } },
  async (world) => {
    await world.read('page:1', list);
    for (let id = 10; id < 20; id++) await world.change(id);
    await world.commit(created('page:1'));
    await world.applied();
    for (let id = 20; id < 30; id++) await world.change(id);
    expect((await world.read('page:1', list)).value).toBe(1);
  },
);

anomaly(
  'D8',
  'tags known only after the load: they are compared with the stamp from before it',
  { by: FENCE_AND_MARKS },
  async (world) => {
    const late = await world.slow('page:1', { learned: ['products'] });
    await world.commit(created('page:1'));
    await world.applied();
    await late.finish();
    expect((await world.read('page:1', list)).value).toBe(1);
  },
);

anomaly('D9', 'nested entries: what ends a part ends what it is a part of', { by: EMBEDS }, async (world) => {
  const shown = async (): Promise<Version> => {
    const product = { key: 'product:1', factory: () => world.load('product:1') };
    return world.cache.getOrSet({ key: 'page:1', factory: (context) => context.embed(world.cache, product) });
  };
  await world.change(1);
  expect([await shown(), await shown(), world.loads]).toEqual([1, 1, 1]);
  await world.change(1);
  expect(await shown()).toBe(2);
});

anomaly(
  'D17',
  'entry of several sources: it is as fresh as the oldest proof among them',
  { from: ['two outboxes'], by: OLDEST_PROOF },
  async (world) => {
    const { clock } = world.origin.runtime;
    await world.change(1);
    await world.read('product:1');
    await clock.advance(STALENESS_MS);
    expect(await world.read('product:1')).toMatchObject({ hit: true, trust: 'fresh' });
    // The second source falls away, and a change that it should have told of with it; the first goes on proving.
    const { secondFile } = world.origin;
    renameSync(secondFile, `${secondFile}.away`);
    await world.commit(update(1), true);
    await clock.advance(STALENESS_MS + 200);
    expect(await world.read('product:1')).toMatchObject({ value: 2, hit: false });
    renameSync(`${secondFile}.away`, secondFile);
  },
);

anomaly(
  'D18',
  'reader misses its own write: with a token it is loaded until the event has come, and from then on served',
  { from: ['outbox'], by: TOKENS },
  async (world) => {
    await world.change(1);
    await world.change(2);
    await world.read('product:1');
    await world.read('product:2');
    await world.commit(update(1));
    const atLeast = await world.cache.position();
    expect(await world.read('product:1')).toMatchObject({ value: 1, hit: true });
    expect(await world.read('product:1', { atLeast })).toMatchObject({ value: 2, hit: false });
    expect(await world.read('product:2', { atLeast })).toMatchObject({ hit: false });
    await world.applied();
    await world.read('product:1', { atLeast });
    for (const key of ['product:1', 'product:2'])
      expect(await world.read(key, { atLeast })).toMatchObject({ hit: true });
  },
);

anomaly(
  'D19',
  'token dropped early: a process that has not caught up holds to it after another one has',
  { from: ['kept outbox'], by: TOKENS },
  async (world) => {
    const slow = await world.beside({
      sources: { shop: { type: 'outbox', path: world.origin.file, interval: 600, keep: true } },
    });
    try {
      await world.change(1);
      await slow.applied();
      await slow.read('product:1');
      await world.commit(update(1));
      const atLeast = await world.cache.position();
      await world.applied();
      expect(await world.read('product:1', { atLeast })).toMatchObject({ value: 2 });
      expect(await world.read('product:1', { atLeast })).toMatchObject({ value: 2, hit: true });
      expect(await slow.read('product:1')).toMatchObject({ value: 1, hit: true });
      expect(await slow.read('product:1', { atLeast })).toMatchObject({ value: 2, hit: false });
    } finally {
      await slow.stop();
    }
  },
);

anomaly(
  'D20',
  'time-dependent value: it ends with a ttl of its own, however fresh its sources are',
  { by: OWN_TTL },
  async (world) => {
    const { clock } = world.origin.runtime;
    await world.change(1);
    await world.read('product:1', { ttl: 500 });
    await clock.advance(400);
    expect(await world.read('product:1')).toMatchObject({ hit: true });
    await clock.advance(100);
    expect(await world.read('product:1')).toMatchObject({ hit: false });
  },
);
