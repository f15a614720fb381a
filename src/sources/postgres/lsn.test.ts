import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatLsn, fromPosition, inside, later, parseLsn, toPosition } from './lsn.ts';
import type { Position } from '../../model/position.ts';

const lsn = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

it('reads and writes a place in the log as PostgreSQL does', () => {
  expect(parseLsn('16/B374D848')).toBe(0x16_b374_d848n);
  expect(formatLsn(0x16_b374_d848n)).toBe('16/B374D848');
  expect(parseLsn('0/0')).toBe(0n);
  for (const wrong of ['', '16', '16/', '/1', '1/1/1', 'G/1', '123456789/0']) expect(parseLsn(wrong)).toBeNull();
  fc.assert(fc.property(lsn, (one) => parseLsn(formatLsn(one)) === one));
});

it('orders positions as strings exactly as the log orders them', () => {
  fc.assert(
    fc.property(lsn, lsn, (a, b) => {
      expect(toPosition(a) < toPosition(b)).toBe(a < b);
      expect(toPosition(a) === toPosition(b)).toBe(a === b);
    }),
  );
});

it('comes back from a position, and from nothing else', () => {
  fc.assert(fc.property(lsn, (one) => fromPosition(toPosition(one)) === one));
  fc.assert(
    fc.property(fc.string(), (text) => {
      const back = fromPosition(text as Position);
      expect(back === null || toPosition(back) === text).toBe(true);
    }),
  );
  expect(toPosition(0x16_b374_d848n)).toBe('00000016B374D848');
});

it('finds a place between the end of the commit before a record and the end of the record', () => {
  const endOfCommitBefore = 0x100n;
  const startOfRecord = 0x100n;
  expect(inside(startOfRecord) > endOfCommitBefore).toBe(true);
  expect(later(1n, 2n)).toBe(2n);
  expect(later(2n, 1n)).toBe(2n);
});
