import { beforeEach, describe, expect, it } from 'vitest';
import { Pings } from './pings.ts';

let pings: Pings;

beforeEach(() => {
  pings = new Pings();
  pings.of('daemon');
});

describe('a time of the daemon', () => {
  it('lies behind nothing of ours before the first answer', () => {
    expect(pings.before(1e9)).toBeNull();
  });

  it('lies behind the question whose answer came no later', () => {
    pings.add('daemon', 10, 1_000);
    pings.add('daemon', 20, 1_010);
    expect([999, 1_000, 1_009.9, 1_010, 5_000].map((time) => pings.before(time))).toEqual([null, 10, 10, 20, 20]);
  });

  it('lies behind the latest question, in whatever order the answers were given', () => {
    pings.add('daemon', 20, 1_000);
    pings.add('daemon', 10, 1_005);
    expect(pings.before(1_010)).toBe(20);
  });

  it('says nothing once it is the time of another daemon', () => {
    pings.add('daemon', 10, 1_000);
    pings.of('daemon');
    expect(pings.before(2_000)).toBe(10);
    pings.of('another');
    pings.add('daemon', 30, 1_500);
    expect(pings.before(2_000)).toBeNull();
    pings.add('another', 40, 5);
    expect(pings.before(6)).toBe(40);
  });

  it('is ours where the clock is our own', () => {
    pings.of(null);
    expect(pings.before(7)).toBe(7);
  });

  it('is remembered for the newest questions only', () => {
    for (let i = 0; i < 65; i++) pings.add('daemon', i, 1_000 + i);
    expect([1_000, 1_001].map((time) => pings.before(time))).toEqual([null, 1]);
  });
});
