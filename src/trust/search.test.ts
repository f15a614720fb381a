import fc from 'fast-check';
import { expect, it } from 'vitest';
import { leading } from './search.ts';

it('is where the first that does not hold stands, for any list', () => {
  fc.assert(
    fc.property(fc.nat(20), fc.nat(20), fc.nat(20), (holding, others, from) => {
      const list = [...Array<boolean>(holding).fill(true), ...Array<boolean>(others).fill(false)];
      expect(leading(list, (one) => one)).toBe(holding);
      expect(leading(list, (one) => one, Math.min(from, holding))).toBe(holding);
    }),
  );
});

it('asks no more often than a list can be halved', () => {
  let asked = 0;
  leading(Array(1_000).fill(0), () => (++asked, true));
  expect(asked).toBeLessThanOrEqual(10);
});
