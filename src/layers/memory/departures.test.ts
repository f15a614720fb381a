import { expect, it } from 'vitest';
import type { Offset } from '../../model/position.ts';
import { Departures } from './departures.ts';

const leaving = (key: string, shelf = 'product'): Parameters<Departures['add']>[0] => ({
  key,
  shelf: { name: shelf },
  stamp: 1 as Offset,
  marks: [],
  embeds: null,
});

it('the newest that left is remembered, in each namespace', () => {
  const departures = new Departures();
  expect(departures.of('k')).toEqual([]);
  departures.add(leaving('k'), 'evicted');
  departures.add(leaving('other'), 'ended');
  departures.add(leaving('k', 'order'), 'ended');
  departures.add(leaving('k'), 'ttl');
  expect(departures.of('k').map(({ namespace, how }) => [namespace, how])).toEqual([
    ['product', 'ttl'],
    ['order', 'ended'],
  ]);
});

it('only so many are, and the oldest are forgotten first', () => {
  const departures = new Departures();
  for (let n = 0; n < 3_000; n++) departures.add(leaving(`k${n}`), 'ended');
  const known = Array.from({ length: 3_000 }, (_, n) => n).filter((n) => departures.of(`k${n}`).length > 0);
  expect(known).toEqual(Array.from({ length: 1_024 }, (_, i) => 3_000 - 1_024 + i));
});

it('neither a value nor an entry is held by it', () => {
  const departures = new Departures();
  departures.add({ ...leaving('k'), ...{ value: 'large' } }, 'ended');
  expect(Object.keys(departures.of('k')[0] ?? {})).toEqual(['namespace', 'key', 'stamp', 'marks', 'embeds', 'how']);
});
