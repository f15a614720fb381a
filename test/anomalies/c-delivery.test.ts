import { renameSync } from 'node:fs';
import { expect, vi } from 'vitest';
import { MemoryJournal } from '../../src/journal/memory.ts';
import { anomaly } from './anomaly.ts';
import { ACKNOWLEDGED_WHEN_DURABLE, ECHOES, FENCE, FENCE_AND_MARKS, PROVEN } from './switches.ts';
import { CONTRACTS, STALENESS_MS, update } from './world.ts';

const KEY = 'product:1';

anomaly('C1', 'duplicate: the same event again ends nothing that is newer', { from: ['emitted'] }, async (world) => {
  await world.change(1);
  await world.read(KEY);
  const event = { type: 'product.updated', data: { id: 1 }, id: 'order-7' };
  await world.commit({ keys: [KEY], events: [event] });
  await world.applied();
  expect(await world.read(KEY)).toMatchObject({ value: 2, hit: false });
  await world.commit({ keys: [], events: [event] });
  await world.applied();
  expect(await world.read(KEY)).toMatchObject({ value: 2, hit: true });
});

anomaly(
  'C2',
  'out of order: whichever event comes last, no load from before either of them is stored',
  { from: ['emitted'], by: FENCE },
  async (world) => {
    await world.change(1);
    const first = await world.slow(KEY);
    await world.commit(update(1));
    const second = await world.slow('page:1', { tags: ['product-1'] });
    await world.commit({ keys: [KEY, 'page:1'], events: update(1).events });
    const [older, newer] = world.origin.take();
    for (const event of [newer!, older!]) await world.tide.emit(event).applied;
    await world.applied();
    await first.finish();
    await second.finish();
    expect((await world.read(KEY)).value).toBe(3);
    expect((await world.read('page:1', { tags: ['product-1'] })).value).toBe(1);
  },
);

anomaly(
  'C4',
  'silent subscriber: without events and without errors the age grows, and trust ends at the bound',
  { from: ['outbox'], by: PROVEN },
  async (world) => {
    const { clock } = world.origin.runtime;
    await world.change(1);
    await world.read(KEY);
    const lift = world.origin.silence();
    await world.commit(update(1));
    let hits = 0;
    for (let ms = 0; ms < 2 * STALENESS_MS; ms += 50) {
      const { hit, value } = await world.read(KEY);
      hits += hit && value === 1 ? 1 : 0;
      await clock.advance(50);
    }
    expect(hits).toBeGreaterThan(10);
    expect(hits).toBeLessThanOrEqual(STALENESS_MS / 50 + 1);
    lift();
    await world.applied();
    await world.read(KEY);
    expect(await world.read(KEY)).toMatchObject({ value: 2, hit: true, trust: 'fresh' });
  },
);

anomaly(
  'C5',
  'idle feed: looks prove that nothing happened, and their absence is noticed though nothing happens',
  { from: ['outbox'], by: ECHOES },
  async (world) => {
    const { clock } = world.origin.runtime;
    await world.change(1);
    await world.read(KEY);
    for (let look = 0; look < 100; look++) {
      await clock.advance(STALENESS_MS / 10);
      expect(await world.read(KEY)).toMatchObject({ hit: true, trust: 'fresh' });
    }
    renameSync(world.origin.file, `${world.origin.file}.moved`);
    await clock.advance(STALENESS_MS + 200);
    expect(await world.read(KEY)).toMatchObject({ hit: false });
    renameSync(`${world.origin.file}.moved`, world.origin.file);
  },
);

const mutable = CONTRACTS.filter(({ name }) => name !== 'list');
anomaly(
  'C7',
  'contracts that did not know of a change: new ones end all that was filled under the old',
  { from: ['emitted'], by: FENCE_AND_MARKS, config: { contracts: mutable } },
  async (world) => {
    const list = { tags: ['products'] };
    mutable.splice(0, mutable.length, ...CONTRACTS.filter(({ name }) => name !== 'list'));
    expect(await world.tide.reload()).toMatchObject({ ok: true });
    await world.read('list', list);
    const late = await world.slow('page:1', list);
    await world.commit({ keys: ['list', 'page:1'], events: [{ type: 'product.created', data: { id: 2 } }] });
    await world.applied();
    expect(world.cache.peek('list')).toBeNull();
    mutable.splice(0, mutable.length, ...CONTRACTS);
    expect(await world.tide.reload()).toMatchObject({ ok: true });
    await late.finish();
    expect((await world.read('list', list)).value).toBe(1);
    expect((await world.read('page:1', list)).value).toBe(1);
  },
);

anomaly(
  'C9',
  'retention overrun: rows that somebody deleted before they were read end the trust of all they could have ended',
  { from: ['outbox'], by: FENCE_AND_MARKS },
  async (world) => {
    await world.change(1);
    await world.read(KEY);
    await world.commit(update(1));
    world.origin.db.exec('DELETE FROM outbox');
    await world.applied();
    expect((await world.read(KEY)).value).toBe(2);
    expect(world.tide.status().sources[0]).toMatchObject({ gaps: 1 });
  },
);

anomaly(
  'C11',
  'premature acknowledgement: a row stays in the outbox until the journal has it',
  { from: ['outbox'], by: ACKNOWLEDGED_WHEN_DURABLE },
  async (world) => {
    const { clock } = world.origin.runtime;
    await world.change(1);
    await clock.advance(1_000);
    expect(world.origin.rows()).toBe(0);
    const append = MemoryJournal.prototype.append;
    let written: () => void = () => undefined;
    const disk = new Promise<void>((resolve) => (written = resolve));
    vi.spyOn(MemoryJournal.prototype, 'append').mockImplementation(async function (this: MemoryJournal, batch) {
      await disk;
      return append.call(this, batch);
    });
    await world.commit(update(1));
    await clock.advance(5_000);
    const rows = world.origin.rows();
    written();
    await world.applied();
    expect(rows).toBe(1);
    await clock.advance(1_000);
    expect(world.origin.rows()).toBe(0);
  },
);

anomaly(
  'C13',
  'subscribe and first read: what happens between the start and the first look is not missed',
  { from: ['outbox'], by: FENCE },
  async (world) => {
    await world.change(1);
    const lift = world.origin.silence();
    await world.restart();
    // Started, and not one look at the source has succeeded.
    const early = await world.slow(KEY);
    await world.commit(update(1));
    lift();
    await world.applied();
    await early.finish();
    expect((await world.read(KEY)).value).toBe(2);
  },
);

anomaly(
  'C14',
  'process frozen and thawed: what was proven before is as old as the wall clock says, at the first read',
  { from: ['outbox'], by: PROVEN },
  async (world) => {
    const { clock } = world.origin.runtime;
    await world.change(1);
    await world.read(KEY);
    clock.freeze();
    await world.commit(update(1));
    await clock.advance(10 * STALENESS_MS);
    clock.thaw();
    // Not one timer has run since.
    expect(world.cache.peek(KEY)).toBeUndefined();
    expect(await world.read(KEY)).toMatchObject({ value: 2, hit: false });
  },
);

anomaly(
  'C15',
  'stalled event loop: the age is taken at the read, whatever still waits in queues',
  { from: ['outbox'], by: PROVEN },
  async (world) => {
    const { clock } = world.origin.runtime;
    await world.change(1);
    await world.read(KEY);
    await world.commit(update(1));
    clock.stall(STALENESS_MS + 200);
    expect(world.cache.peek(KEY)).toBeUndefined();
    expect(await world.read(KEY)).toMatchObject({ value: 2, hit: false });
  },
);

anomaly(
  'C16',
  'clock skew: a wall clock that is set makes nothing fresher and no age negative',
  { from: ['outbox'], by: PROVEN },
  async (world) => {
    const { clock } = world.origin.runtime;
    await world.change(1);
    await world.read(KEY);
    for (const step of [-3_600_000, -86_400_000]) {
      clock.stepWall(step);
      await clock.advance(200);
      const { hit, maxAgeMs, asOf } = await world.read(KEY);
      expect({ hit, asOf }).toEqual({ hit: true, asOf: clock.now() - maxAgeMs });
      expect(maxAgeMs).toBeGreaterThanOrEqual(0);
    }
    // Set forward it may as well have been a suspension: ages grow until the next proof, which costs a load.
    clock.stepWall(7_200_000);
    expect(await world.read(KEY)).toMatchObject({ hit: false });
    await clock.advance(200);
    expect(await world.read(KEY)).toMatchObject({ hit: true, trust: 'fresh' });
    world.origin.silence();
    await world.commit(update(1));
    clock.stepWall(-86_400_000);
    await clock.advance(STALENESS_MS + 200);
    expect(await world.read(KEY)).toMatchObject({ value: 2, hit: false });
  },
);

anomaly(
  'C18',
  'resync without raising the floor: a load that was under way at a gap is refused',
  { from: ['outbox'], by: FENCE },
  async (world) => {
    await world.change(1);
    const late = await world.slow('page:1');
    // Its event is skipped by the gap.
    await world.commit({ keys: ['page:1'], events: update(1).events });
    world.origin.db.exec('DELETE FROM outbox');
    await world.applied();
    await late.finish();
    expect(await world.read('page:1')).toMatchObject({ value: 1, hit: false });
  },
);
