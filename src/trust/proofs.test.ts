import { describe, expect, it } from 'vitest';
import type { Offset, Position } from '../model/position.ts';
import { NEVER, Proofs } from './proofs.ts';

const at = (offset: number): Offset => offset as Offset;

describe('proofs of a source', () => {
  it('prove nothing before the first', () => {
    expect(new Proofs().provenAt).toBe(NEVER);
  });

  it('count only once the watermark has reached what they cover', () => {
    const proofs = new Proofs();
    proofs.add(at(5), 100);
    expect(proofs.provenAt).toBe(NEVER);
    proofs.advance(at(4));
    expect(proofs.provenAt).toBe(NEVER);
    proofs.advance(at(5));
    expect(proofs.provenAt).toBe(100);
  });

  it('count at once when everything they cover has been applied', () => {
    const proofs = new Proofs();
    proofs.advance(at(5));
    proofs.add(at(5), 100);
    proofs.add(at(3), 90);
    expect(proofs.provenAt).toBe(100);
  });

  it('are taken in order as the watermark moves over them', () => {
    const proofs = new Proofs();
    for (const [offset, t0] of [
      [2, 10],
      [4, 20],
      [4, 30],
      [6, 40],
    ] as const)
      proofs.add(at(offset), t0);
    proofs.advance(at(4));
    expect(proofs.provenAt).toBe(30);
    proofs.advance(at(9));
    expect(proofs.provenAt).toBe(40);
  });

  it('stay bounded while a layer stands still, at the price of a later proof', () => {
    const proofs = new Proofs();
    for (let i = 1; i <= 5_000; i++) proofs.add(at(i), i);
    proofs.advance(at(2_000));
    expect(proofs.provenAt).toBe(1_023);
    proofs.advance(at(5_000));
    expect(proofs.provenAt).toBe(5_000);
  });

  it('that come late for less do not let the one before them count early', () => {
    const proofs = new Proofs();
    proofs.add(at(5), 100);
    proofs.add(at(3), 90);
    proofs.advance(at(4));
    expect(proofs.provenAt).toBe(NEVER);
    proofs.advance(at(5));
    expect(proofs.provenAt).toBe(100);
  });

  it('that wait for the same offset take one place, however many they are', () => {
    const proofs = new Proofs();
    for (let i = 1; i <= 5_000; i++) proofs.add(at(5), i);
    proofs.add(at(6), 9_000);
    proofs.advance(at(5));
    expect(proofs.provenAt).toBe(5_000);
  });

  it('give up their places once they have counted', () => {
    const proofs = new Proofs();
    for (let i = 1; i <= 1_024; i++) proofs.add(at(i), i);
    proofs.advance(at(1_024));
    proofs.add(at(2_001), 2_001);
    proofs.add(at(2_002), 2_002);
    proofs.advance(at(2_001));
    expect(proofs.provenAt).toBe(2_001);
  });

  it('tell which of them counts and which waits, with the place in the source where it said so', () => {
    const proofs = new Proofs();
    expect([proofs.newest, proofs.waiting]).toEqual([null, null]);
    proofs.add(at(5), 100, 'a' as Position);
    proofs.add(at(7), 110);
    expect(proofs.newest).toBeNull();
    expect(proofs.waiting).toEqual({ at: 7, t0: 110, position: null });
    proofs.advance(at(5));
    expect(proofs.newest).toEqual({ at: 5, t0: 100, position: 'a' });
    proofs.advance(at(7));
    expect(proofs.newest).toEqual({ at: 7, t0: 110, position: null });
    expect(proofs.waiting).toBeNull();
  });

  it('that wait for the same offset leave the place of the newer, whichever came first', () => {
    const proofs = new Proofs();
    proofs.add(at(5), 100, 'a' as Position);
    proofs.add(at(4), 120, 'b' as Position);
    proofs.add(at(5), 110, 'c' as Position);
    expect(proofs.waiting).toEqual({ at: 5, t0: 120, position: 'b' });
  });

  it('that are older than the one that counts change nothing', () => {
    const proofs = new Proofs();
    proofs.advance(at(9));
    proofs.add(at(5), 100, 'a' as Position);
    proofs.add(at(4), 100, 'b' as Position);
    expect(proofs.newest?.position).toBe('a');
  });
});
