import { describe, expect, it } from 'vitest';
import { NEVER } from './proofs.ts';
import { asOf, judge, trustWord, type TrustFacts, type WhenUncertain } from './trust.ts';

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
