import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../runtime/virtual.ts';
import { DueKeys } from './due.ts';

const made = (): DueKeys => {
  const random = new SeededRandom(1);
  return new DueKeys(1_000, () => random.next());
};

describe('keys that are due', () => {
  it('come when their time has come, in the order in which they were named', () => {
    const due = made();
    due.add('a', 0);
    due.add('b', 10);
    expect([due.take(999), due.take(1_000), due.take(1_000), due.take(1_010)]).toEqual([null, 'a', null, 'b']);
    expect(due.take(10_000)).toBeNull();
  });

  it('are dropped and counted when they are late by half their delay: they would say nothing of it', () => {
    const due = made();
    for (const at of [0, 0, 1_000]) due.add('k', at);
    expect(due.take(1_501)).toBeNull();
    expect([due.dropped, due.size]).toEqual([2, 1]);
    expect(due.take(2_500)).toBe('k');
  });

  it('are bounded however many there are: a fair sample is left, and the rest is counted', () => {
    const due = made();
    const flood = 200_000;
    let most = 0;
    for (let i = 0; i < flood; i++) {
      due.add(String(i), 0);
      most = Math.max(most, due.size);
    }
    expect(most).toBe(10_000);
    const left: number[] = [];
    for (let key = due.take(1_000); key !== null; key = due.take(1_000)) left.push(Number(key));
    expect(left.length + due.dropped).toBe(flood);
    expect(left.length).toBeGreaterThan(2_500);
    // Early and late ones alike.
    const late = left.filter((i) => i >= flood / 2).length / left.length;
    expect(Math.abs(late - 0.5)).toBeLessThan(0.1);
  });

  it('are all let in again once the flood is over', () => {
    const due = made();
    for (let i = 0; i < 100_000; i++) due.add('k', 0);
    while (due.take(1_000) !== null);
    const before = due.dropped;
    for (let i = 0; i < 100; i++) {
      due.add('k', 2_000 + i);
      due.take(3_000 + i);
    }
    expect(due.dropped - before).toBeLessThan(10);
  });
});
