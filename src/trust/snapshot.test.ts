import { expect, it } from 'vitest';
import { isVisible, parseSnapshot } from './snapshot.ts';

it('a transaction that has committed is seen when it ended before the snapshot, not while it is listed or above', () => {
  const now = parseSnapshot('100:110:100,105')!;
  expect([99, 101, 109].map((xid) => isVisible(xid, now))).toEqual([true, true, true]);
  expect([100, 105, 110, 111].map((xid) => isVisible(xid, now))).toEqual([false, false, false, false]);
});

it('what is no snapshot is refused, and ids that a number cannot hold', () => {
  for (const wrong of ['', '1', '1:2', 'a:b:c', '1:2:3;4', ' 1:2:']) expect(parseSnapshot(wrong)).toBeNull();
  expect(parseSnapshot(`${2n ** 60n}:${2n ** 60n}:`)).toBeNull();
  expect(parseSnapshot(`1:${2n ** 53n}:`)).toBeNull();
  expect(parseSnapshot(`1:9:${2n ** 53n}`)).toBeNull();
  expect(parseSnapshot('1:9:')).toEqual({ xmin: 1, xmax: 9, running: [] });
});
