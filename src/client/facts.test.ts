import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryStore, type Shelf, type StoredEntry } from '../layers/memory/store.ts';
import { ORIGIN, type Offset } from '../model/position.ts';
import { NEVER } from '../trust/proofs.ts';
import { judge } from '../trust/trust.ts';
import { factsOf, surelyServes } from './facts.ts';

const at = 1 as Offset;

/** An entry as the store makes it, and what has come over it since. */
function resident(life: { loadedAt: number; ttlMs: number; provenAt: number; ended?: 'key' | 'tag' }): StoredEntry {
  const store = new MemoryStore();
  const shelf: Shelf = { name: 'product', provenAt: life.provenAt };
  const { loadedAt, ttlMs } = life;
  store.fill(shelf, 'k', { value: 'v', tags: ['t'], stamp: ORIGIN, loadedAt, ttlMs }, Math.max(0, loadedAt));
  if (life.ended === 'key') store.apply([{ action: { kind: 'expire_key', target: 'k' }, at }], at);
  if (life.ended === 'tag') store.apply([{ action: { kind: 'expire_tag', target: 't' }, at }], at);
  const entry = store.find(shelf, 'k');
  if (!entry) throw new Error('not resident');
  return entry;
}

describe('what surely serves', () => {
  it('is served by the full judgement, whatever has come over the entry', () => {
    const ms = fc.oneof(fc.nat(5_000), fc.double({ min: 0, max: 5_000, noNaN: true }));
    const life = fc.record({
      loadedAt: fc.oneof(ms, fc.constant(NEVER)),
      ttlMs: ms,
      provenAt: fc.oneof(ms, fc.constant(NEVER)),
      ended: fc.constantFrom(undefined, 'key' as const, 'tag' as const),
    });
    fc.assert(
      fc.property(life, fc.option(ms, { nil: undefined }), ms, ({ ended, ...rest }, maxStalenessMs, now) => {
        const entry = resident({ ...rest, ...(ended && { ended }) });
        if (!surelyServes(entry, maxStalenessMs, now)) return;
        expect(judge(factsOf(entry, { maxStalenessMs, whenUncertain: 'bypass' }), now)).toBe('serve');
      }),
    );
  });

  it('is told of a plain hit, by its own load or by a proof, up to the last whole second of its ttl', () => {
    const loaded = resident({ loadedAt: 0, ttlMs: 10_500, provenAt: NEVER });
    expect(surelyServes(loaded, 200, 200)).toBe(true);
    expect(surelyServes(loaded, 200, 201)).toBe(false);
    expect(surelyServes(loaded, undefined, 9_999)).toBe(true);
    expect(surelyServes(loaded, undefined, 10_000)).toBe(false);
    const proven = resident({ loadedAt: NEVER, ttlMs: 10_000, provenAt: 5_000 });
    expect(surelyServes(proven, 200, 5_200)).toBe(true);
    expect(surelyServes(proven, 200, 5_201)).toBe(false);
  });

  it('is not told of what outlives the clock of the entry', () => {
    const entry = resident({ loadedAt: 0, ttlMs: Number.MAX_SAFE_INTEGER, provenAt: NEVER });
    expect(surelyServes(entry, undefined, 1e12)).toBe(true);
    expect(surelyServes(entry, undefined, 2 ** 31 * 1_000)).toBe(false);
  });
});
