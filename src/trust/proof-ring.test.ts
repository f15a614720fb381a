import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { Offset } from '../model/position.ts';
import { ProofRing } from './proof-ring.ts';
import { NEVER } from './proofs.ts';

const at = (offset: number): Offset => offset as Offset;

describe('the recent proofs of a source', () => {
  it('say as of when a value is current that reflects everything up to an offset', () => {
    const ring = new ProofRing();
    for (const [offset, t0] of [
      [2, 10],
      [2, 20],
      [5, 30],
    ] as const)
      ring.add(at(offset), t0);
    expect([1, 2, 4, 5, 9].map((through) => ring.asOf(at(through)))).toEqual([NEVER, 20, 20, 30, 30]);
  });

  it('forget the oldest, which only makes a value look older', () => {
    const ring = new ProofRing();
    for (let i = 1; i <= 1_030; i++) ring.add(at(i), i);
    expect(ring.asOf(at(6))).toBe(NEVER);
    expect(ring.asOf(at(7))).toBe(7);
  });

  it('never claim more than one of them says', () => {
    const proof = fc.record({ offset: fc.nat(20), t0: fc.nat(20) });
    fc.assert(
      fc.property(fc.array(proof), fc.nat(20), (proofs, through) => {
        const ring = new ProofRing();
        for (const { offset, t0 } of proofs) ring.add(at(offset), t0);
        const said = ring.asOf(at(through));
        expect(said === NEVER || proofs.some(({ offset, t0 }) => offset <= through && t0 === said)).toBe(true);
      }),
    );
  });
});
