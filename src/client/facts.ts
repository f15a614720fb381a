import type { StoredEntry } from '../layers/memory/store.ts';
import type { TrustFacts, WhenUncertain } from '../trust/trust.ts';

interface TrustPolicy {
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
