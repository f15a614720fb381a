import type { Shelf, StoredEntry } from '../layers/memory/store.ts';
import type { Mono } from '../model/position.ts';
import { NEVER } from '../trust/proofs.ts';
import type { TrustFacts, WhenUncertain } from '../trust/trust.ts';

export interface TrustPolicy {
  readonly maxStalenessMs?: number | undefined;
  readonly whenUncertain: WhenUncertain;
}

/** What an entry's trust is judged by: its own times, the proofs of its namespace, and the namespace's policy. */
export function factsOf(entry: StoredEntry, policy: TrustPolicy): TrustFacts {
  return {
    loadedAt: entry.loadedAt,
    provenAt: entry.shelf.provenAt,
    expiresAt: entry.expiresAt,
    expiredAsOf: entry.expiredAsOf,
    maxStalenessMs: policy.maxStalenessMs,
    whenUncertain: policy.whenUncertain,
  };
}

/**
 * Whether `judge` would say `serve`, told from as little of the entry as most hits need. `false` says nothing: ask `judge`.
 */
export function surelyServes(entry: StoredEntry, maxStalenessMs: number | undefined, now: Mono): boolean {
  if (now >= entry.soundUntilS * 1_000) return false;
  return (
    maxStalenessMs === undefined ||
    now - entry.shelf.provenAt <= maxStalenessMs ||
    now - entry.loadedAt <= maxStalenessMs
  );
}

/** What a value is judged by that was loaded for one read: no proof covers it, because nothing would end it. */
export function loadFacts(knownAt: Mono, { maxStalenessMs, whenUncertain }: TrustPolicy): TrustFacts {
  return { loadedAt: knownAt, provenAt: NEVER, expiresAt: Infinity, expiredAsOf: null, maxStalenessMs, whenUncertain };
}

/** What the proofs of a namespace make of its entries, whenever those were loaded. */
export function proofsAlone(shelf: Shelf, { maxStalenessMs, whenUncertain }: TrustPolicy): TrustFacts {
  const never = { loadedAt: NEVER, expiresAt: Infinity, expiredAsOf: null };
  return { ...never, provenAt: shelf.provenAt, maxStalenessMs, whenUncertain };
}
