import type { Mono } from '../model/position.ts';
import type { End, Known, TrustReason } from '../model/reason.ts';
import { bounding, holdUpOf, sinceMono, type SourceFacts, type Surroundings } from './hold-up.ts';
import { NEVER } from './proofs.ts';
import { asOf, type TrustFacts } from './trust.ts';

/**
 * Why an entry is trusted now, or since when not and why. Pure, and only for those who ask: `judge` decides without it.
 * `end` is what is remembered to have expired it softly.
 */
export function reasonOf(facts: TrustFacts, around: Surroundings, end: End | null = null): TrustReason {
  const { now } = around;
  const { expiresAt, maxStalenessMs: boundMs } = facts;
  if (now >= expiresAt) return { kind: 'ttl-over', since: sinceMono(expiresAt, around) };
  const known = knownOf(facts, around);
  if (facts.expiredAsOf !== null) return { kind: 'expired', end, known };
  if (boundMs === undefined)
    return { kind: 'ttl', endsInMs: Number.isFinite(expiresAt) ? Math.floor(expiresAt - now) : null, known };
  if (known !== null && now - asOf(facts) <= boundMs) return { kind: 'fresh', known, boundMs };
  const since = known && sinceMono(asOf(facts) + boundMs, around);
  return { kind: 'unproven', boundMs, since, known, heldBy: holdUpOf(around, boundMs) };
}

/** Why a value that was loaded for one read is trusted. `before`: why what was cached was not served. */
export function reasonOfLoad(
  load: TrustFacts,
  startedAt: Mono,
  around: Surroundings,
  before: TrustReason | null,
): TrustReason {
  const from = load.loadedAt >= startedAt ? 'source' : 'elsewhere';
  return { kind: 'loaded', from, known: knownOf(load, around), before };
}

function knownOf(facts: TrustFacts, { now, wall, sources }: Surroundings): Known | null {
  const at = asOf(facts);
  if (at === NEVER) return null;
  // Rounded to the older side.
  const age = Math.max(0, now - at);
  const times = { asOf: Math.floor(wall - age), ageMs: Math.ceil(age) };
  if (at === facts.loadedAt) return { ...times, by: 'load' };
  const bound = bounding(sources);
  const echo = bound?.proof?.t0 === at ? echoOf(bound.source, bound.proof, sources) : null;
  return { ...times, by: 'echo', ...(echo && { echo }) };
}

function echoOf(
  source: SourceFacts['source'],
  { at, position }: NonNullable<SourceFacts['proof']>,
  sources: readonly SourceFacts[],
): Known['echo'] {
  return { source, offset: at, ...(position !== null && { position }), of: sources.length };
}
