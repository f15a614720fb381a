import { expect } from 'vitest';
import type { Offset } from '../../src/index.ts';
import { anomaly } from './anomaly.ts';
import { ANNOUNCED, FENCE } from './switches.ts';
import { TTL_MS, update } from './world.ts';

const KEY = 'product:1';

anomaly(
  'B1',
  'delete before commit: the event comes with the commit and ends what was filled before it',
  { from: ['outbox'], by: ANNOUNCED },
  async (world) => {
    await world.change(1);
    await world.read(KEY);
    // The application deletes inside of its transaction, which is not visible yet.
    await (
      await world.cache.delete({ key: KEY })
    ).applied;
    expect((await world.read(KEY)).value).toBe(1);
    await world.commit(update(1));
    await world.applied();
    expect((await world.read(KEY)).value).toBe(2);
  },
);

anomaly(
  'B2',
  'dual write crash: the row of the outbox is in the transaction, and needs nobody to live on',
  { from: ['outbox'], by: ANNOUNCED },
  async (world) => {
    await world.change(1);
    await world.read(KEY);
    // Committed; the application is gone before it could call anything.
    await world.commit(update(1));
    await world.applied();
    expect((await world.read(KEY)).value).toBe(2);
  },
);

anomaly('B3', 'lost event at the source: the ttl ends what no event ended', { from: ['outbox'] }, async (world) => {
  const { clock } = world.origin.runtime;
  await world.change(1);
  await world.read(KEY);
  // The feed omits this one and goes on proving.
  await world.commit(update(1), true);
  await world.change(2);
  await clock.advance(TTL_MS - 200);
  expect(world.cache.peek(KEY)).toBe(1);
  await clock.advance(200);
  expect(await world.read(KEY)).toMatchObject({ value: 2, hit: false });
});

anomaly(
  'B7',
  'insert into a list, and a cached absence: both are ended by the event of the new row',
  { by: ANNOUNCED },
  async (world) => {
    const list = { tags: ['products'] };
    expect((await world.read(KEY)).value).toBeNull();
    expect(await world.read(KEY)).toMatchObject({ value: null, hit: true });
    expect((await world.read('list', list)).value).toBeNull();
    await world.commit({ keys: [KEY, 'list'], events: [{ type: 'product.created', data: { id: 1 } }] });
    await world.applied();
    expect((await world.read(KEY)).value).toBe(1);
    expect((await world.read('list', list)).value).toBe(1);
  },
);

anomaly(
  'B10',
  'backfill mixed with live changes: old events that come again only invalidate',
  { from: ['outbox'], by: FENCE },
  async (world) => {
    for (let n = 0; n < 3; n++) await world.change(1);
    const late = await world.slow(KEY);
    await world.change(1);
    const { replayed } = await world.tide.replay({ from: 1 as Offset });
    expect(replayed).toBe(4);
    await world.applied();
    await late.finish();
    expect((await world.read(KEY)).value).toBe(4);
    expect(await world.read(KEY)).toMatchObject({ value: 4, hit: true });
  },
);

anomaly(
  'B11',
  'webhook without order: an older delivery that is retried last costs a load and brings nothing old back',
  { from: ['webhook'] },
  async (world) => {
    const { clock } = world.origin.runtime;
    await world.change(1);
    await world.read(KEY);
    await world.commit(update(1));
    const [older] = world.origin.take();
    await world.commit(update(1));
    await world.applied();
    expect((await world.read(KEY)).value).toBe(3);
    await world.origin.deliver(world.tide, older!, 'msg_1');
    expect(await world.read(KEY)).toMatchObject({ value: 3, hit: false });
    // The same delivery once more has no effect at all.
    await world.origin.deliver(world.tide, older!, 'msg_1');
    expect(await world.read(KEY)).toMatchObject({ value: 3, hit: true, trust: 'ttl' });
    // A webhook proves nothing: what was lost on its way is bounded by the ttl alone.
    await world.commit(update(1));
    world.origin.take();
    await clock.advance(TTL_MS);
    expect(await world.read(KEY)).toMatchObject({ value: 4, hit: false });
  },
);

anomaly(
  'B13',
  'schema drift: an event without the field that a contract reads ends its whole class, and is kept with its cause',
  { by: ANNOUNCED },
  async (world) => {
    await world.change(1);
    await world.read(KEY);
    await world.commit({ keys: [KEY], events: [{ type: 'product.updated', data: { identifier: 1 } }] });
    await world.applied();
    expect((await world.read(KEY)).value).toBe(2);
    const letters = await world.tide.deadLetters();
    expect(letters.map(({ code }) => code)).toContain('FIELD_MISSING');
  },
);

anomaly(
  'B14',
  'poisoned message: what cannot be read ends all that its source feeds, and holds nothing up',
  { from: ['outbox'], by: ANNOUNCED },
  async (world) => {
    await world.change(1);
    await world.read(KEY);
    await world.commit(update(1));
    world.origin.db.exec(`UPDATE outbox SET data = '{"id":' WHERE id = (SELECT max(id) FROM outbox)`);
    await world.commit(update(2));
    await world.applied();
    expect((await world.read(KEY)).value).toBe(2);
    expect((await world.read('product:2')).value).toBe(1);
    expect(await world.tide.deadLetters()).toMatchObject([{ code: 'EVENT_UNDECODABLE' }]);
  },
);
