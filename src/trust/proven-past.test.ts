import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Offset } from '../model/position.ts';
import { NEVER } from './proofs.ts';
import { ProvenPast } from './proven-past.ts';

const at = (offset: number): Offset => offset as Offset;

it('a load is as old as the newest proof that lies within what it saw, and of no age when there is none', () => {
  const past = new ProvenPast();
  expect(past.asOf(at(9))).toBe(NEVER);
  for (const [offset, t0] of [[2, 10], [2, 20], [5, 30], [5, 40], [9, 50]] as const) past.add(at(offset), t0); // prettier-ignore
  expect([1, 2, 4, 5, 8, 9, 100].map((stamp) => past.asOf(at(stamp)))).toEqual([NEVER, 20, 20, 40, 40, 50, 50]);
});

it('a proof that covers less than one before it is taken to cover as much', () => {
  const past = new ProvenPast();
  past.add(at(5), 10);
  past.add(at(0), 20);
  expect([past.asOf(at(4)), past.asOf(at(5))]).toEqual([NEVER, 20]);
});

it('of proofs that cover as much the latest counts, in whatever order they come', () => {
  const past = new ProvenPast();
  past.add(at(5), 20);
  past.add(at(5), 10);
  expect(past.asOf(at(5))).toBe(20);
});

it('4,096 proofs are remembered; one more, and the older half of them is forgotten', () => {
  const past = new ProvenPast();
  for (let i = 1; i <= 4_096; i++) past.add(at(i), i);
  expect(past.asOf(at(1))).toBe(1);
  past.add(at(4_097), 4_097);
  expect([2_048, 2_049].map((stamp) => past.asOf(at(stamp)))).toEqual([NEVER, 2_049]);
});

it('what is forgotten makes a load older and never younger, for any proofs', () => {
  const steps = fc.array(fc.record({ by: fc.nat(2), after: fc.integer({ min: 1, max: 9 }) }), { maxLength: 40 });
  fc.assert(
    fc.property(steps, fc.nat(80), fc.nat(9_000), (proofs, stamp, busy) => {
      const past = new ProvenPast();
      let [offset, now, exact] = [0, 0, NEVER];
      const all = [...Array.from({ length: busy }, () => ({ by: 1, after: 1 })), ...proofs];
      for (const { by, after } of all) {
        offset += by;
        now += after;
        past.add(at(offset), now);
        if (offset <= busy + stamp) exact = now;
      }
      const told = past.asOf(at(busy + stamp));
      expect(told).toBeLessThanOrEqual(exact);
      if (proofs.length > 0 || busy > 0) expect(told).toBe(exact);
    }),
    { numRuns: 200 },
  );
});
