import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PlannedBatch } from '../model/entry.ts';
import { ORIGIN, type Offset, type Position } from '../model/position.ts';
import { History, place, type Feed, type Placement } from './history.ts';

const feed = (position: string, count: number, committed: boolean): Feed => ({
  epoch: 'e',
  position: position as Position,
  count,
  committed,
  before: ORIGIN,
  offset: 9 as Offset,
});

describe('where a batch stands', () => {
  const nothing = undefined;
  const open = feed('5', 3, false);
  const ended = feed('5', 3, true);
  it.each<[string, Feed | undefined, [position: string, first: number, count: number, commit: boolean], Placement]>([
    ['the first of its source', nothing, ['5', 0, 2, true], { what: 'append', skip: 0 }],
    ['a part of the first of its source', nothing, ['5', 0, 2, false], { what: 'append', skip: 0 }],
    ['a part without those before it', nothing, ['5', 2, 2, true], { what: 'missing', have: 0 }],
    ['an empty commit', nothing, ['5', 0, 0, true], { what: 'move' }],
    ['an empty part', nothing, ['5', 0, 0, false], { what: 'known' }],
    ['the next transaction', ended, ['6', 0, 1, true], { what: 'append', skip: 0 }],
    ['the next, cut at its beginning', ended, ['6', 1, 1, true], { what: 'missing', have: 0 }],
    ['the next, though the last is open', open, ['6', 0, 1, true], { what: 'append', skip: 0 }],
    ['the next, empty', open, ['6', 0, 0, true], { what: 'move' }],
    ['an older one', ended, ['4', 0, 9, true], { what: 'known' }],
    ['an older part', ended, ['4', 7, 2, false], { what: 'known' }],
    ['the same again', ended, ['5', 0, 3, true], { what: 'known' }],
    ['a part of the same again', ended, ['5', 1, 1, false], { what: 'known' }],
    ['the same, but it goes on', ended, ['5', 0, 5, true], { what: 'append', skip: 3 }],
    ['the next part', open, ['5', 3, 2, false], { what: 'append', skip: 0 }],
    ['the next part, overlapping', open, ['5', 1, 4, true], { what: 'append', skip: 2 }],
    ['the whole of it', open, ['5', 0, 4, true], { what: 'append', skip: 3 }],
    ['a part beyond the next', open, ['5', 4, 1, true], { what: 'missing', have: 3 }],
    ['nothing but its end', open, ['5', 3, 0, true], { what: 'mark' }],
    ['its end with what is known', open, ['5', 0, 3, true], { what: 'mark' }],
    ['an empty part beyond the next', open, ['5', 4, 0, true], { what: 'missing', have: 3 }],
  ])('%s', (_, known, [position, first, count, commit], placement) => {
    const batch = { position: position as Position, first, commit, events: { length: count } };
    expect(place(known, batch)).toStrictEqual(placement);
  });

  it.each(['4', '5', '6'])('one that restarts the source is new wherever it stands: %s', (position) => {
    const batch = {
      position: position as Position,
      first: 0,
      commit: true,
      events: { length: 1 },
      restart: true,
    } as const;
    expect(place(ended, batch)).toStrictEqual({ what: 'append', skip: 0 });
    expect(place(open, batch)).toStrictEqual({ what: 'append', skip: 0 });
  });
});

describe('the past of a source', () => {
  const take = (history: History, position: string, extra: Partial<PlannedBatch> = {}): void => {
    const batch: PlannedBatch = {
      source: 's',
      epoch: 'e',
      position: position as Position,
      first: 0,
      commit: true,
      events: [{ id: '1', type: 't', source: 's', data: null }],
      plans: [],
      receivedAt: 0,
      ...extra,
    };
    const placement = place(history.feed('s', batch.epoch), { ...batch, position: position as Position });
    history.take(batch, position as Position, placement, { before: ORIGIN, offset: 1 as Offset });
  };

  it('counts at once for the next batch, and for a resume only when it is kept', () => {
    const history = new History();
    take(history, '1');
    expect(history.feed('s', 'e')?.position).toBe('1');
    expect(history.resume('s')).toBeNull();
    history.keep();
    expect(history.resume('s')).toEqual({ epoch: 'e', position: '1' });
  });

  it('is as before when it is dropped', () => {
    const history = new History();
    take(history, '1');
    history.keep();
    take(history, '2');
    history.drop();
    expect(history.feed('s', 'e')?.position).toBe('1');
    expect([...history.taken]).toEqual([]);
  });

  it('remembers the newest 16 epochs', () => {
    const history = new History();
    for (let epoch = 0; epoch < 20; epoch++) take(history, '1', { epoch: String(epoch) });
    const [, past] = [...history.taken][0] ?? [];
    expect(past?.feeds.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 16 }, (_, index) => String(19 - index)));
  });

  it('begins again from what was written', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('1', '2', '3'), fc.boolean(), fc.constantFrom('e', 'f'))),
        (steps) => {
          const history = new History();
          for (const [position, commit, epoch] of steps) take(history, position, { commit, epoch });
          const written = JSON.parse(JSON.stringify([...history.taken])) as ConstructorParameters<typeof History>[0];
          history.keep();
          const again = new History(written);
          expect(again.resume('s')).toEqual(history.resume('s'));
          expect(again.settled(9 as Offset)).toBe(history.settled(9 as Offset));
          for (const epoch of ['e', 'f']) expect(again.feed('s', epoch)).toEqual(history.feed('s', epoch));
        },
      ),
    );
  });
});
