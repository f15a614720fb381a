import { beforeEach, describe, expect, it } from 'vitest';
import { at, batch, event, Recorder, rigOfEachTest } from '../../test/support/pipeline.ts';
import { settled } from '../runtime/virtual.ts';
import { Delivery } from './deliver.ts';
import { Settlement } from './settle.ts';

const on = rigOfEachTest();

describe('delivery', () => {
  let layer: Recorder;
  let settlement: Settlement;
  const start = (one: Recorder, inner?: string): Delivery => {
    settlement.add(one.name, at(0));
    const delivery = new Delivery(
      {
        layer: one,
        journal: on.journal,
        runtime: on.runtime,
        observers: on.observers,
        canEnd: (source) => source !== 'removed',
        inner:
          inner === undefined
            ? { watermark: () => on.journal.head, moved: (after, signal) => on.journal.changed(after, signal) }
            : {
                watermark: () => settlement.watermark(inner),
                moved: (after, signal) => settlement.moved([inner], after, signal),
              },
        settled: (watermark) => {
          settlement.advance(one.name, watermark);
        },
        failed: (offset) => {
          settlement.fail(one.name, offset);
        },
      },
      at(0),
    );
    void delivery.run(on.stop.signal);
    return delivery;
  };
  beforeEach(() => {
    layer = new Recorder('local');
    settlement = new Settlement();
  });

  it('applies what is appended and settles it', async () => {
    start(layer);
    const { offset } = await on.intake.accept(batch(1));
    expect(await settlement.reached(offset)).toEqual({ local: 'applied' });
    expect(layer.applied).toEqual(['delete_key e1 @1']);
  });

  it('applies the first part of a transaction at once, and moves the watermark only at its commit', async () => {
    const delivery = start(layer);
    await on.intake.accept(batch(1, { commit: false }));
    await settled();
    expect(layer.applied).toEqual(['delete_key e1 @1']);
    expect([delivery.watermark, layer.watermark]).toEqual([0, 0]);
    await on.intake.accept(batch(1, { first: 1, events: [event('e2')] }));
    await settled();
    expect([delivery.watermark, layer.watermark]).toEqual([2, 2]);
  });

  it('does not let the watermark pass an open transaction when entries of other sources come between its parts', async () => {
    const delivery = start(layer);
    await on.intake.accept(batch(1, { commit: false }));
    await on.intake.accept(batch(7, { source: 'app', events: [event('a', { source: 'app' })] }));
    await settled();
    expect(layer.applied).toEqual(['delete_key e1 @1', 'delete_key a @2']);
    expect([delivery.watermark, layer.watermark]).toEqual([0, 0]);
    await on.intake.accept(batch(1, { first: 1, events: [event('e2')] }));
    await settled();
    expect([delivery.watermark, layer.watermark]).toEqual([3, 3]);
  });

  it('does not wait for the rest of a transaction of a source that is no longer read', async () => {
    const delivery = start(layer);
    await on.intake.accept(batch(1, { source: 'removed', commit: false }));
    await settled();
    expect(delivery.watermark).toBe(1);
  });

  it('waits for a layer that cannot be reached, says so, and loses nothing', async () => {
    const delivery = start(layer);
    layer.down = true;
    const { offset } = await on.intake.accept(batch(1));
    await on.runtime.clock.advance(60_000);
    expect(settlement.results(offset)).toEqual({ local: 'queued' });
    expect(delivery.retrying).toBe('connection refused');
    layer.down = false;
    await on.runtime.clock.advance(20_000);
    expect(settlement.results(offset)).toEqual({ local: 'applied' });
    expect(delivery.retrying).toBeNull();
  });

  it('tries again only what failed for now', async () => {
    let tries = 0;
    layer.answer = ({ action }) =>
      action.target === 'e2' && tries++ < 2
        ? { status: 'failed', retry: true, code: 'BUSY', message: 'busy' }
        : { status: 'applied' };
    start(layer);
    await on.intake.accept(batch(1, { events: [event('e1'), event('e2')] }));
    await on.runtime.clock.advance(10_000);
    expect(layer.applied).toEqual(['delete_key e1 @1', 'delete_key e2 @2']);
  });

  it('replaces what can never be applied by the next larger class, keeps a dead letter and says failed', async () => {
    layer.answer = ({ action }) =>
      action.kind === 'delete_key'
        ? { status: 'failed', retry: false, code: 'KEY_TOO_LONG', message: 'too long' }
        : { status: 'applied' };
    start(layer);
    const { offset } = await on.intake.accept(batch(1));
    await on.runtime.clock.advance(1_000);
    expect(layer.applied).toEqual(['purge_namespace * @1']);
    expect(settlement.results(offset)).toEqual({ local: 'failed' });
    expect(await on.journal.deadLetters.list()).toMatchObject([
      { stage: 'layer:local', code: 'KEY_TOO_LONG', offset: 1 },
    ]);
  });

  it('never lets an outer layer overtake the inner one', async () => {
    const outer = new Recorder('edge');
    layer.down = true;
    start(layer);
    start(outer, 'local');
    const { offset } = await on.intake.accept(batch(1));
    await on.runtime.clock.advance(1_000);
    expect(outer.applied).toEqual([]);
    layer.down = false;
    await on.runtime.clock.advance(20_000);
    expect(outer.applied).toEqual(['delete_key e1 @1']);
    expect(await settlement.reached(offset)).toEqual({ local: 'applied', edge: 'applied' });
  });

  it('survives a journal that cannot be read for a while', async () => {
    const read = on.journal.read.bind(on.journal);
    let failures = 2;
    on.journal.read = (after, limit) => (failures-- > 0 ? Promise.reject(new Error('disk')) : read(after, limit));
    start(layer);
    await on.intake.accept(batch(1));
    await on.runtime.clock.advance(5_000);
    expect(layer.applied).toEqual(['delete_key e1 @1']);
  });

  it('purges everything when the journal forgot entries that the layer had still to apply (anomaly C9)', async () => {
    for (let n = 1; n <= 3; n++) await on.intake.accept(batch(n));
    const read = on.journal.read.bind(on.journal);
    on.journal.read = async (after, limit) => (await read(after, limit)).filter(({ offset }) => offset > 2);
    start(layer);
    await settled();
    expect(layer.applied).toEqual(['purge_namespace * @3', 'delete_key e3 @3']);
  });

  it('passes what the journal forgot when it has nothing left that may be applied (anomaly C9)', async () => {
    settlement.add('inner', at(0));
    for (let n = 1; n <= 3; n++) await on.intake.accept(batch(n));
    await on.runtime.clock.advance(10);
    await on.journal.trim(on.runtime.clock.now());
    const delivery = start(layer, 'inner');
    settlement.advance('inner', at(3));
    await settled();
    expect(layer.applied).toEqual(['purge_namespace * @3']);
    expect([delivery.watermark, layer.watermark]).toEqual([3, 3]);
    await on.intake.accept(batch(4));
    settlement.advance('inner', at(4));
    await settled();
    expect(layer.applied.slice(1)).toEqual(['delete_key e4 @4']);
  });

  it('gives waiters what it has come to when it closes', async () => {
    settlement.add('local', at(0));
    const waiting = settlement.reached(at(5));
    settlement.close();
    expect(await waiting).toEqual({ local: 'queued' });
    expect(await settlement.reached(at(6))).toEqual({ local: 'queued' });
  });

  describe('of a layer that outlives the process', () => {
    let stands: number;
    let asked: number;
    const lasting = (): Recorder =>
      Object.assign(layer, {
        resume: () => {
          asked++;
          return layer.down ? Promise.reject(new Error('connection refused')) : Promise.resolve(at(stands));
        },
      });
    beforeEach(() => {
      stands = 0;
      asked = 0;
    });

    it('begins where the layer says that it stands', async () => {
      for (const n of [1, 2, 3]) await on.intake.accept(batch(n));
      stands = 2;
      const delivery = start(lasting());
      await settled();
      expect(layer.applied).toEqual(['delete_key e3 @3']);
      expect([delivery.watermark, settlement.watermark('local')]).toEqual([3, 3]);
    });

    it('goes on where it has gone back to, once it can be reached again', async () => {
      const delivery = start(lasting());
      for (const n of [1, 2]) await on.intake.accept(batch(n));
      await settled();
      layer.down = true;
      await on.intake.accept(batch(3));
      await settled();
      expect(delivery.retrying).toBe('connection refused');
      layer.applied.length = 0;
      layer.down = false;
      stands = 1;
      await on.runtime.clock.advance(1_000);
      expect(layer.applied).toEqual(['delete_key e2 @2', 'delete_key e3 @3']);
      expect([delivery.retrying, delivery.watermark]).toEqual([null, 3]);
    });

    it('asks again and again while it is down, and less often as time goes by', async () => {
      layer.down = true;
      start(lasting());
      await on.runtime.clock.advance(60_000);
      expect(asked).toBeGreaterThan(6);
      expect(asked).toBeLessThan(20);
    });

    it('applies from its beginning a transaction that was open when the layer went back', async () => {
      const delivery = start(lasting());
      await on.intake.accept(batch(1, { commit: false }));
      await settled();
      layer.down = true;
      await on.intake.accept(batch(1, { first: 1, events: [event('e2')] }));
      await settled();
      layer.down = false;
      layer.applied.length = 0;
      await on.runtime.clock.advance(1_000);
      expect(layer.applied).toEqual(['delete_key e1 @1', 'delete_key e2 @2']);
      expect(delivery.watermark).toBe(2);
    });

    it('purges everything when the journal has forgotten what it lacks (anomaly C9)', async () => {
      for (const n of [1, 2, 3]) await on.intake.accept(batch(n));
      await on.runtime.clock.advance(10);
      await on.journal.trim(on.runtime.clock.now() - 5);
      await on.intake.accept(batch(4));
      start(lasting());
      await settled();
      expect(layer.applied[0]).toBe('purge_namespace * @4');
    });
  });
});
