import { describe, expect, it } from 'vitest';
import type { Offset, Position } from '../model/position.ts';
import { bounding, holdUpOf, sinceMono, sinceWall, type SourceFacts, type Surroundings } from './hold-up.ts';

const proof = (t0: number, at = 5): SourceFacts['proof'] => ({ t0, at: at as Offset, position: null });

const source = (over: Partial<SourceFacts> = {}): SourceFacts => ({
  source: 'db',
  type: 'postgres',
  canProve: true,
  proof: proof(9_000),
  waiting: null,
  state: 'streaming',
  detail: null,
  failing: null,
  gap: null,
  gate: null,
  ...over,
});

/** It is 10 s after the start, on both clocks. */
const around = (sources: SourceFacts[], over: Partial<Surroundings> = {}): Surroundings => ({
  now: 10_000,
  wall: 1_010_000,
  startedAt: 1_000_000,
  watermark: 5 as Offset,
  open: null,
  missing: null,
  sources,
  ...over,
});

const heldBy = (over: Partial<SourceFacts> = {}, more: Partial<Surroundings> = {}): unknown =>
  holdUpOf(around([source(over)], more), 500);

const failing = { since: 1_006_000, code: 'POSTGRES_UNREACHABLE', message: 'refused' };

describe('the source that bounds what can be proven', () => {
  it('is the one whose newest proof is the oldest', () => {
    const [old, new_] = [source({ source: 'old', proof: proof(1) }), source({ source: 'new', proof: proof(2) })];
    expect(bounding([old, new_])).toBe(old);
    expect(bounding([new_, old])).toBe(old);
    expect(bounding([])).toBeNull();
  });

  it('is one that has proven nothing, and before it one that never can', () => {
    const never = source({ source: 'never', proof: null });
    const cannot = source({ source: 'hook', canProve: false, proof: null });
    expect(bounding([source(), never])).toBe(never);
    expect(bounding([never, source()])).toBe(never);
    expect(bounding([never, cannot])).toBe(cannot);
    expect(bounding([cannot, never])).toBe(cannot);
  });
});

describe('what holds a proof back', () => {
  it('is that there is no source, or one that cannot prove', () => {
    expect(holdUpOf(around([]), 500)).toEqual({ kind: 'no-source' });
    expect(heldBy({ canProve: false, proof: null, type: 'webhook' })).toEqual({
      kind: 'cannot-prove',
      source: 'db',
      type: 'webhook',
    });
  });

  it('is that the source is down, since when and with which error', () => {
    const since = { at: 1_006_000, agoMs: 4_000 };
    expect(heldBy({ failing })).toEqual({ ...failing, kind: 'down', source: 'db', since });
  });

  it('is a gap that nothing has been proven behind', () => {
    const since = { at: 1_006_000, agoMs: 4_000 };
    expect(heldBy({ gap: failing })).toEqual({ ...failing, kind: 'gap', source: 'db', since });
    expect(heldBy({ gap: failing, failing })).toMatchObject({ kind: 'down' });
  });

  it.each(['starting', 'waiting', 'stopped'] as const)('is that it is %s, in its own words', (state) => {
    expect(heldBy({ state, detail: 'waiting for 1 running transaction to end' })).toEqual({
      kind: 'not-streaming',
      source: 'db',
      state,
      detail: 'waiting for 1 running transaction to end',
    });
    expect(heldBy({ state, gap: failing })).toMatchObject({ kind: 'gap' });
  });

  it('is that entries before an echo are not applied, and which open transaction they wait behind', () => {
    const behind = { kind: 'behind', source: 'db', entries: 37, watermark: 5, waitsFor: 42, open: null };
    const waiting = proof(9_600, 42);
    expect(heldBy({ waiting })).toEqual(behind);
    const open = { source: 'orders', from: 6 as Offset };
    expect(heldBy({ waiting }, { open })).toEqual({ ...behind, open });
  });

  it('is first what is behind when that alone would do, up to the bound, else what is wrong with the source', () => {
    expect(heldBy({ waiting: proof(9_500, 42), failing })).toMatchObject({ kind: 'behind' });
    expect(heldBy({ waiting: proof(9_499, 42), failing })).toMatchObject({ kind: 'down' });
    expect(heldBy({ waiting: proof(9_499, 42) })).toMatchObject({ kind: 'behind' });
  });

  it.each(['suspended', 'stalled'] as const)('is that the process %s, until there was time for an echo', (kind) => {
    const missing = (at: number): Partial<Surroundings> => ({ missing: { kind, ms: 60_000.4, at } });
    const since = { at: 1_009_800, agoMs: 200 };
    expect(heldBy({}, missing(9_800))).toEqual({ kind, source: 'db', ms: 60_000, since });
    expect(heldBy({}, missing(9_500))).toMatchObject({ kind });
    expect(heldBy({}, missing(9_499))).toMatchObject({ kind: 'silent' });
    expect(heldBy({ proof: proof(9_801) }, missing(9_800))).toMatchObject({ kind: 'silent' });
    expect(heldBy({ proof: proof(9_800) }, missing(9_800))).toMatchObject({ kind });
    expect(heldBy({ proof: null }, missing(9_800))).toMatchObject({ kind });
    expect(heldBy({ failing }, missing(9_800))).toMatchObject({ kind: 'down' });
    expect(heldBy({ waiting: proof(1, 42) }, missing(9_800))).toMatchObject({ kind });
  });

  it('is a commit that readers do not see yet', () => {
    expect(heldBy({ gate: '741' })).toEqual({ kind: 'gate', source: 'db', transaction: '741' });
  });

  it('is that it has proven nothing since the start, or nothing since its last proof', () => {
    expect(heldBy({ proof: null })).toEqual({
      kind: 'never-proven',
      source: 'db',
      since: { at: 1_000_000, agoMs: 10_000 },
    });
    expect(heldBy()).toEqual({ kind: 'silent', source: 'db', since: { at: 1_009_000, agoMs: 1_000 } });
  });

  it('is what holds the bounding source, whatever the others do', () => {
    const other = source({ source: 'orders', proof: { ...proof(9_999)!, position: 'x' as Position }, failing });
    expect(holdUpOf(around([other, source()]), 500)).toMatchObject({ kind: 'silent', source: 'db' });
  });
});

it('times are whole, and never in the future', () => {
  expect(sinceMono(9_999.4, around([]))).toEqual({ at: 1_009_999, agoMs: 1 });
  expect(sinceMono(10_001, around([]))).toEqual({ at: 1_010_000, agoMs: 0 });
  expect(sinceWall(999.6, 2_000.2)).toEqual({ at: 1_000, agoMs: 1_001 });
  expect(sinceWall(3_000, 2_000)).toEqual({ at: 3_000, agoMs: 0 });
});
