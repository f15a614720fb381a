import { beforeEach, describe, expect, it } from 'vitest';
import { at, batch, event, planOf, pos, rig, type Rig } from '../../test/support/pipeline.ts';
import { TidemarkError } from '../errors.ts';
import { controlPlan, isControl } from './control.ts';
import { Intake } from './intake.ts';

let runtime: Rig['runtime'];
let journal: Rig['journal'];
let observers: Rig['observers'];
let intake: Rig['intake'];

beforeEach(() => {
  ({ runtime, journal, observers, intake } = rig());
});

describe('intake', () => {
  it('plans once and appends; the same again is a duplicate', async () => {
    expect(await intake.accept(batch(1))).toEqual({ offset: 1, duplicates: 0 });
    expect(await intake.accept(batch(1))).toEqual({ offset: 1, duplicates: 1 });
    expect((await journal.read(at(0), 10))[0]?.plan.actions[0]?.target).toBe('e1');
  });

  it('keeps one dead letter for each cause of a batch, with the entry that it came from', async () => {
    const told: string[] = [];
    observers.add(({ type }) => told.push(type));
    await intake.accept(batch(1, { events: [event('ok'), event('bad1'), event('bad2')] }));
    expect(await journal.deadLetters.list()).toMatchObject([
      { offset: 2, stage: 'plan', code: 'FIELD_MISSING', event: { id: 'bad1' } },
    ]);
    expect(told.filter((type) => type === 'dead-letter')).toHaveLength(1);
    expect(told.filter((type) => type === 'event:received')).toHaveLength(3);
  });
});

describe('intake for a feed', () => {
  it('does not stop for ever at a change that the journal can never keep: it widens, is a dead letter, and the feed goes on', async () => {
    const append = journal.append.bind(journal);
    journal.append = (one) =>
      one.events.some(({ type }) => type === 'product.updated') && one.position === pos(2)
        ? Promise.reject(new TidemarkError('EVENT_UNSTORABLE'))
        : append(one);
    intake = new Intake({
      journal,
      runtime,
      observers,
      plan: (one) => (isControl(one) ? controlPlan(one, 'h', () => null) : planOf(one)),
    });
    await intake.acceptWhole(batch(1));
    await expect(intake.acceptWhole(batch(2))).rejects.toMatchObject({ code: 'EVENT_UNSTORABLE' });
    expect(await intake.acceptWhole(batch(2))).toEqual({ offset: 2, duplicates: 0 });
    await intake.acceptWhole(batch(3));
    const entries = await journal.read(at(0), 10);
    expect(entries.map(({ plan }) => plan.actions.map(({ target }) => target).join())).toEqual(['e1', '*', 'e3']);
    expect(await journal.deadLetters.list()).toMatchObject([{ code: 'EVENT_UNDECODABLE', offset: 2 }]);
  });
});
