import { describe, expect, it } from 'vitest';
import type { Offset, Position } from '../model/position.ts';
import type { End } from '../model/reason.ts';
import type { SourceFacts, Surroundings } from './hold-up.ts';
import { NEVER } from './proofs.ts';
import { reasonOf, reasonOfLoad } from './reason.ts';
import type { TrustFacts } from './trust.ts';

const facts = (over: Partial<TrustFacts> = {}): TrustFacts => ({
  loadedAt: 1_000,
  provenAt: NEVER,
  expiresAt: 20_000,
  expiredAsOf: null,
  maxStalenessMs: 500,
  whenUncertain: 'bypass',
  ...over,
});

const source = (name: string, t0: number, position: string | null = null): SourceFacts => ({
  source: name,
  type: 'postgres',
  canProve: true,
  proof: { t0, at: 118 as Offset, position: position as Position | null },
  waiting: null,
  state: 'streaming',
  detail: null,
  failing: null,
  gap: null,
  gate: null,
});

const around = (now: number, ...sources: SourceFacts[]): Surroundings => ({
  now,
  wall: 1_000_000 + now,
  startedAt: 1_000_000,
  watermark: 120 as Offset,
  open: null,
  missing: null,
  sources,
});

const byLoad = (ageMs: number): object => ({ asOf: 1_001_000, ageMs, by: 'load' });
const end: End = { offset: 119 as Offset, target: 'tag', name: 'red', namespace: 'product', event: null };

describe('the reason for the trust in an entry', () => {
  it('is its own load, up to the bound', () => {
    expect(reasonOf(facts(), around(1_500))).toEqual({ kind: 'fresh', known: byLoad(500), boundMs: 500 });
    expect(reasonOf(facts({ provenAt: 1_000 }), around(1_500, source('db', 1_000)))).toMatchObject({
      known: { by: 'load' },
    });
  });

  it('is the echo of the source that bounds it, with its place in the journal and in the source', () => {
    const given = reasonOf(
      facts({ provenAt: 5_000 }),
      around(5_200, source('orders', 5_100), source('db', 5_000, 'A')),
    );
    const echo = { source: 'db', offset: 118, position: 'A', of: 2 };
    expect(given).toEqual({ kind: 'fresh', known: { asOf: 1_005_000, ageMs: 200, by: 'echo', echo }, boundMs: 500 });
    const { known } = reasonOf(facts({ provenAt: 5_000 }), around(5_200, source('db', 5_000))) as { known: object };
    expect(known).toStrictEqual({
      asOf: 1_005_000,
      ageMs: 200,
      by: 'echo',
      echo: { source: 'db', offset: 118, of: 1 },
    });
  });

  it('names no echo when a newer one has taken its place since, or none is known', () => {
    const known = { asOf: 1_005_000, ageMs: 200, by: 'echo' };
    const newer = around(5_200, source('db', 5_100));
    expect(reasonOf(facts({ provenAt: 5_000 }), newer)).toEqual({ kind: 'fresh', known, boundMs: 500 });
    expect(reasonOf(facts({ provenAt: 5_000 }), around(5_200))).toEqual({ kind: 'fresh', known, boundMs: 500 });
    const unproven = around(5_200, { ...source('db', 5_000), proof: null });
    expect(reasonOf(facts({ provenAt: 5_000 }), unproven)).toEqual({ kind: 'fresh', known, boundMs: 500 });
  });

  it('rounds an age to the older side, and makes nothing younger than now', () => {
    const { wall, ...clock } = around(1_000.2);
    expect(reasonOf(facts(), { ...clock, wall: wall + 0.5 })).toMatchObject({ known: { ageMs: 1, asOf: 1_001_000 } });
    expect(reasonOf(facts({ loadedAt: 2_000 }), around(1_999))).toMatchObject({ known: { ageMs: 0 } });
  });

  it('beyond the bound says since when, as of when it is known, and what holds it up', () => {
    expect(reasonOf(facts(), around(1_501, source('db', 900)))).toEqual({
      kind: 'unproven',
      boundMs: 500,
      since: { at: 1_001_500, agoMs: 1 },
      known: byLoad(501),
      heldBy: { kind: 'silent', source: 'db', since: { at: 1_000_900, agoMs: 601 } },
    });
  });

  it('of what was never proven says so', () => {
    expect(reasonOf(facts({ loadedAt: NEVER }), around(1_500))).toEqual({
      kind: 'unproven',
      boundMs: 500,
      since: null,
      known: null,
      heldBy: { kind: 'no-source' },
    });
  });

  it('without max_staleness is the ttl, of an entry with what is left of it', () => {
    const given = facts({ maxStalenessMs: undefined });
    expect(reasonOf(given, around(1_500.5))).toEqual({ kind: 'ttl', endsInMs: 18_499, known: byLoad(501) });
    expect(reasonOf({ ...given, expiresAt: Infinity, loadedAt: NEVER }, around(1_500))).toEqual({
      kind: 'ttl',
      endsInMs: null,
      known: null,
    });
  });

  it('of what was ended softly is its end, and no later proof', () => {
    const given = facts({ expiredAsOf: NEVER, provenAt: 5_000 });
    expect(reasonOf(given, around(5_000), end)).toEqual({ kind: 'expired', end, known: byLoad(4_000) });
    expect(reasonOf(given, around(5_000))).toMatchObject({ kind: 'expired', end: null });
  });

  it('once the ttl has ended is that, whatever else', () => {
    const given = facts({ expiredAsOf: 1, provenAt: 20_000 });
    expect(reasonOf(given, around(20_000))).toEqual({ kind: 'ttl-over', since: { at: 1_020_000, agoMs: 0 } });
    expect(reasonOf(given, around(21_000))).toEqual({ kind: 'ttl-over', since: { at: 1_020_000, agoMs: 1_000 } });
  });
});

describe('the reason for the trust in a value that was loaded for one read', () => {
  const before = reasonOf(facts(), around(30_000));

  it('is the load, with what was wrong before', () => {
    expect(reasonOfLoad(facts({ loadedAt: 1_000 }), 1_000, around(1_040), before)).toEqual({
      kind: 'loaded',
      from: 'source',
      known: byLoad(40),
      before,
    });
  });

  it('is a place that was proven to be current before the load began, or is of no known age', () => {
    expect(reasonOfLoad(facts({ loadedAt: 999 }), 1_000, around(1_040), null)).toMatchObject({
      from: 'elsewhere',
      known: { ageMs: 41 },
      before: null,
    });
    expect(reasonOfLoad(facts({ loadedAt: NEVER }), 1_000, around(1_040), null)).toMatchObject({ known: null });
  });
});
