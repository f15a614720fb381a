import { beforeEach, describe, expect, it } from 'vitest';
import { at, batch, event, planOf, pos, rig, type Rig } from '../../test/support/pipeline.ts';
import { replay, type ReplayProgress } from './replay.ts';

let runtime: Rig['runtime'];
let journal: Rig['journal'];
let intake: Rig['intake'];
let stop: Rig['stop'];

beforeEach(() => {
  ({ runtime, journal, intake, stop } = rig());
});

describe('a replay', () => {
  const run = (range: Partial<Parameters<typeof replay>[1]>): Promise<ReplayProgress> =>
    replay(
      {
        journal,
        runtime,
        accept: (one) => intake.accept(one),
        plan: planOf,
        wanted: (type) => type === 'product.updated',
      },
      {
        from: at(1),
        to: journal.head,
        dryRun: false,
        rate: 1_000,
        signal: stop.signal,
        onProgress: () => undefined,
        ...range,
      },
    );
  beforeEach(async () => {
    for (let n = 1; n <= 3; n++) await intake.accept(batch(n));
    await intake.accept(batch(4, { events: [event('o', { type: 'order.created' })] }));
  });

  it('counts without changing anything when it is dry', async () => {
    expect(await run({ dryRun: true })).toEqual({
      scanned: 4,
      matched: 3,
      replayed: 0,
      actions: { delete_key: 3 },
      cancelled: false,
    });
    expect(journal.head).toBe(4);
  });

  it('appends old events as new entries, and a second replay does not multiply them', async () => {
    expect(await run({})).toMatchObject({ replayed: 3 });
    expect(journal.head).toBe(7);
    expect(await run({ to: journal.head })).toMatchObject({ scanned: 7, matched: 3 });
    expect(await journal.resumeAt('db')).toEqual({ epoch: 'e', position: pos(4) });
  });

  it('keeps its pace and can be cancelled', async () => {
    for (let n = 5; n <= 60; n++) await intake.accept(batch(n));
    const running = run({ to: journal.head, rate: 20 });
    await runtime.clock.advance(1_500);
    stop.abort();
    const report = await running;
    expect(report).toMatchObject({ cancelled: true, replayed: 40 });
  });
});
