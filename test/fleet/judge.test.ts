import { describe, expect, it } from 'vitest';
import { History } from './history.ts';
import { Judge, type Told } from './judge.ts';

const history = new History();
// `item:1`: 1 from 100 on, 2 from 200 on, 5 from 300 on.
for (const [at, n] of [
  [100, 1],
  [150, 1],
  [200, 2],
  [300, 5],
] as const)
  history.saw('item:1', n, at);

const told = (over: Partial<Told>): Told => ({
  way: 'read',
  key: 0,
  n: 2,
  began: 1_000,
  asOf: null,
  hit: true,
  floor: 0,
  ...over,
});

function stale(over: Partial<Told>): number {
  const judge = new Judge(history, 500);
  judge.judge(told(over), 'app-1');
  return judge.stale;
}

describe('the history of a fleet’s database', () => {
  it.each([
    [99, -1],
    [100, 1],
    [199, 1],
    [200, 2],
    [299, 2],
    [300, 5],
    [9_999, 5],
  ])('at %d everybody sees at least %d', (time, least) => {
    expect(history.leastAt('item:1', time)).toBe(least);
  });
});

describe('a read of a fleet', () => {
  it('may be as old as the bound allows, and no older', () => {
    expect(stale({ n: 2, began: 799 })).toBe(0);
    expect(stale({ n: 2, began: 800 })).toBe(1);
    expect(stale({ n: 5, began: 800 })).toBe(0);
  });

  it('may be no older than it says', () => {
    expect(stale({ n: 2, began: 310, asOf: 302 })).toBe(0);
    expect(stale({ n: 2, began: 310, asOf: 303 })).toBe(1);
  });

  it('shows a session what it has written', () => {
    expect(stale({ way: 'session', n: 6, began: 310, floor: 6 })).toBe(0);
    expect(stale({ way: 'session', n: 5, began: 310, floor: 6 })).toBe(1);
  });
});
