import { describe, expect, it } from 'vitest';
import { NEVER } from './proofs.ts';
import { asOf, judge, reasonOf, trustWord, type TrustFacts, type WhenUncertain } from './trust.ts';

const facts = (over: Partial<TrustFacts> = {}): TrustFacts => ({
  loadedAt: 0,
  provenAt: NEVER,
  expiresAt: 10_000,
  expiredAsOf: null,
  maxStalenessMs: 100,
  whenUncertain: 'bypass',
  ...over,
});

describe('the verdict', () => {
  it('serves within the bound by its own load, up to the last moment and not beyond', () => {
    expect(judge(facts(), 100)).toBe('serve');
    expect(judge(facts(), 100.5)).toBe('bypass');
  });

  it('serves within the bound by a proof', () => {
    expect(judge(facts({ provenAt: 5_000 }), 5_100)).toBe('serve');
    expect(judge(facts({ provenAt: 5_000 }), 5_101)).toBe('bypass');
  });

  it.each<[WhenUncertain, string]>([
    ['bypass', 'bypass'],
    ['revalidate', 'revalidate'],
    ['serve', 'serve'],
    ['error', 'error'],
  ])('beyond the bound follows when_uncertain: %s', (whenUncertain, verdict) => {
    expect(judge(facts({ whenUncertain }), 500)).toBe(verdict);
  });

  it('never serves beyond the ttl, whatever the policy and the proofs', () => {
    for (const whenUncertain of ['bypass', 'revalidate', 'serve', 'error'] as const) {
      expect(judge(facts({ whenUncertain, provenAt: 10_000 }), 10_000)).toBe('bypass');
    }
  });

  it('without max_staleness serves up to the ttl', () => {
    expect(judge(facts({ maxStalenessMs: undefined }), 9_999)).toBe('serve');
  });

  it('serves what was expired softly only within its bound, and refreshes it behind', () => {
    expect(judge(facts({ expiredAsOf: 50 }), 150)).toBe('revalidate');
    expect(judge(facts({ expiredAsOf: 50 }), 151)).toBe('bypass');
    expect(judge(facts({ expiredAsOf: 50, whenUncertain: 'error' }), 151)).toBe('bypass');
    expect(judge(facts({ expiredAsOf: 50, whenUncertain: 'serve' }), 151)).toBe('revalidate');
    expect(judge(facts({ expiredAsOf: 50, whenUncertain: 'revalidate' }), 151)).toBe('revalidate');
    expect(judge(facts({ expiredAsOf: NEVER, maxStalenessMs: undefined }), 9_000)).toBe('revalidate');
  });

  it('does not let a proof make an expired entry current again', () => {
    expect(asOf(facts({ expiredAsOf: 50, provenAt: 900 }))).toBe(50);
    expect(asOf(facts({ expiredAsOf: NEVER, loadedAt: 20 }))).toBe(20);
    expect(asOf(facts({ provenAt: 900 }))).toBe(900);
  });
});

describe('trust in a word', () => {
  it.each([
    [facts(), 50, 'fresh'],
    [facts({ loadedAt: 40 }), 140, 'fresh'],
    [facts({ loadedAt: 40 }), 141, 'unproven'],
    [facts({ whenUncertain: 'serve' }), 500, 'unproven'],
    [facts({ maxStalenessMs: undefined }), 500, 'ttl'],
    [facts({ expiredAsOf: 0 }), 50, 'stale'],
  ] as const)('%# says what was proven', (given, now, word) => {
    expect(trustWord(given, now)).toBe(word);
  });
});

describe('the reason in words', () => {
  it.each([
    [facts(), 50, 'proven fresh as of 50 ms ago by its own load, within 100 ms'],
    [facts({ provenAt: 20 }), 50, 'proven fresh as of 30 ms ago by a proof through its sources, within 100 ms'],
    [
      facts(),
      500,
      'known to be current 500 ms ago, beyond the bound of 100 ms: its sources have not proven more since',
    ],
    [
      facts({ loadedAt: NEVER }),
      500,
      'never proven, beyond the bound of 100 ms: its sources have not proven more since',
    ],
    [facts({ maxStalenessMs: undefined }), 500, 'no max_staleness asked for; ttl ends in 9500 ms'],
    [facts({ expiredAsOf: 0 }), 50, 'expired by an event; known to be current 50 ms ago'],
    [facts(), 30_000, 'its ttl ended 20 s ago'],
    [facts(), 10_000, 'its ttl ended 0 ms ago'],
    [facts(), 19_999, 'its ttl ended 9999 ms ago'],
    [facts(), 20_000, 'its ttl ended 10 s ago'],
    [facts({ loadedAt: 20, provenAt: 20 }), 120, 'proven fresh as of 100 ms ago by its own load, within 100 ms'],
  ] as const)('%#: %s', (given, now, words) => {
    expect(reasonOf(given, now)).toBe(words);
  });
});
