import { describe, expect, it } from 'vitest';
import { ninesOf } from './nines.ts';

describe('nines', () => {
  it('of no check are none', () => {
    expect(ninesOf(0, 0)).toMatchObject({ atMost: 1, nines: 0, words: 'nothing checked yet' });
  });

  it('without a violation come from the rule of three, with their denominator', () => {
    expect(ninesOf(30_000, 0)).toEqual({
      checks: 30_000,
      violations: 0,
      atMost: 0.0001,
      nines: 4,
      words: '0 of 30,000 wrong: at most 1 in 10,000 at 95 %, 4.0 nines',
    });
    expect(ninesOf(12_000_000, 0).words).toBe('0 of 12,000,000 wrong: at most 1 in 4,000,000 at 95 %, 6.6 nines');
    expect(ninesOf(2, 0)).toMatchObject({ atMost: 1, words: '0 of 2 wrong: too few checks to say more' });
  });

  it.each([
    // The upper 95 % limits of a Poisson mean, from tables.
    [1, 4.74],
    [2, 6.3],
    [5, 10.51],
    [10, 16.96],
    [100, 118.1],
  ])('with %d violations bound the mean by the table: %d', (violations, limit) => {
    expect(ninesOf(1_000_000, violations).atMost * 1_000_000).toBeCloseTo(limit, 1);
  });

  it('never rise with a violation, and never fall with a check', () => {
    for (let n = 1; n < 2_000; n += 13) {
      expect(ninesOf(n + 1, 0).atMost).toBeLessThanOrEqual(ninesOf(n, 0).atMost);
      expect(ninesOf(n, 1).atMost).toBeGreaterThanOrEqual(ninesOf(n, 0).atMost);
    }
  });
});
