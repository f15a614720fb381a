import type { WhenUncertain } from '../model/namespace.ts';
import type { Mono } from '../model/position.ts';

export type { WhenUncertain } from '../model/namespace.ts';

/**
 * `serve`: as it is. `revalidate`: serve and refresh behind. `bypass`: load instead. `error`: the reader gets an error.
 */
export type Verdict = 'serve' | 'revalidate' | 'bypass' | 'error';

export interface TrustFacts {
  /** Before the load began; `NEVER` when the value was handed in without a load. */
  readonly loadedAt: Mono;
  /** As of when all the sources of the namespace are proven applied. */
  readonly provenAt: Mono;
  /** The backup bound. From here on nothing is served. */
  readonly expiresAt: Mono;
  /** Set when an expiry (soft) has passed the entry: as of when it was last known to be current. */
  readonly expiredAsOf: Mono | null;
  readonly maxStalenessMs: number | undefined;
  readonly whenUncertain: WhenUncertain;
}

/** As of when the value is known to be what the source held. */
export function asOf(facts: TrustFacts): Mono {
  return facts.expiredAsOf === null
    ? Math.max(facts.loadedAt, facts.provenAt)
    : Math.max(facts.loadedAt, facts.expiredAsOf);
}

/**
 * What to do with an entry now: `staleness <= now - max(loadedAt, provenAt)`, held against the namespace's bound.
 * Pure: the same facts and time give the same verdict (SPEC I2).
 */
export function judge(facts: TrustFacts, now: Mono): Verdict {
  if (now >= facts.expiresAt) return 'bypass';
  const bound = facts.maxStalenessMs;
  if (facts.expiredAsOf !== null) {
    if (bound === undefined || now - asOf(facts) <= bound) return 'revalidate';
    return facts.whenUncertain === 'revalidate' || facts.whenUncertain === 'serve' ? 'revalidate' : 'bypass';
  }
  if (bound === undefined || now - asOf(facts) <= bound) return 'serve';
  return facts.whenUncertain;
}

/**
 * What can be said of a value that is served.
 * `fresh`: proven within `max_staleness`. `ttl`: no bound but the TTL was asked for. `stale`: known to be out of date,
 * within its bound, being refreshed. `unproven`: beyond its bound, served because policy says so.
 */
export type TrustWord = 'fresh' | 'ttl' | 'stale' | 'unproven';

export function trustWord(facts: TrustFacts, now: Mono): TrustWord {
  if (facts.expiredAsOf !== null) return 'stale';
  if (facts.maxStalenessMs === undefined) return 'ttl';
  return now - asOf(facts) <= facts.maxStalenessMs ? 'fresh' : 'unproven';
}
