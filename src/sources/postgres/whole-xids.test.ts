import fc from 'fast-check';
import { expect, it } from 'vitest';
import { WholeXids } from './whole-xids.ts';

it('ids get their epoch back from one that is near, before and after the wrap-around', () => {
  const xids = new WholeXids(2n ** 32n + 5n);
  expect(xids.of(4_294_967_290)).toBe(2n ** 32n - 6n);
  expect(xids.of(6)).toBe(2n ** 32n + 6n);
});

it('ids stay whole over any number of wrap-arounds, as long as each is near the newest', () => {
  const steps = fc.array(fc.bigInt({ min: -(2n ** 31n) + 1n, max: 2n ** 31n - 1n }), { maxLength: 50 });
  fc.assert(
    fc.property(fc.bigInt({ min: 2n ** 33n, max: 2n ** 40n }), steps, (near, distances) => {
      const xids = new WholeXids(near);
      let newest = near;
      for (const distance of distances) {
        const whole = newest + distance;
        if (whole < 0n) continue;
        expect(xids.of(Number(BigInt.asUintN(32, whole)))).toBe(whole);
        if (whole > newest) newest = whole;
      }
    }),
  );
});
