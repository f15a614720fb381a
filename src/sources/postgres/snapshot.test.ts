import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isVisible, parseSnapshot, type Snapshot } from './snapshot.ts';

const snapshot = (text: string): Snapshot => parseSnapshot(text)!;

describe('a transaction that has committed', () => {
  it('is seen when it ended before the snapshot, and not while it is listed or above', () => {
    const now = snapshot('100:110:100,105');
    expect([99, 101, 109].map((xid) => isVisible(xid, now))).toEqual([true, true, true]);
    expect([100, 105, 110, 111].map((xid) => isVisible(xid, now))).toEqual([false, false, false, false]);
  });

  it('is judged the same on both sides of the wrap-around of ids', () => {
    const wrapped = snapshot(`${2n ** 32n - 2n}:${2n ** 32n + 3n}:${2n ** 32n - 2n},${2n ** 32n + 1n}`);
    expect([4294967293, 4294967295, 0, 2].map((xid) => isVisible(xid, wrapped))).toEqual([true, true, true, true]);
    expect([4294967294, 1, 3, 4].map((xid) => isVisible(xid, wrapped))).toEqual([false, false, false, false]);
  });

  it('is judged as with ids of 64 bits, whatever the epoch', () => {
    const near = fc.bigInt({ min: 2n ** 20n, max: 2n ** 40n });
    const distance = fc.bigInt({ min: -(2n ** 20n) + 1n, max: 2n ** 20n });
    fc.assert(
      fc.property(near, distance, fc.array(fc.boolean(), { maxLength: 20 }), (xmin, offset, running) => {
        const xmax = xmin + BigInt(running.length);
        const listed = running.flatMap((is, i) => (is ? [xmin + BigInt(i)] : []));
        const xid = xmin + offset;
        const expected = xid < xmin || (xid < xmax && !listed.includes(xid));
        expect(isVisible(Number(xid % 2n ** 32n), snapshot(`${xmin}:${xmax}:${listed.join(',')}`))).toBe(expected);
      }),
    );
  });
});

it('refuses what is no snapshot', () => {
  for (const wrong of ['', '1', '1:2', 'a:b:c', '1:2:3;4', ' 1:2:']) expect(parseSnapshot(wrong)).toBeNull();
});
