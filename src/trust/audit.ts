import type { Mono, Offset } from '../model/position.ts';

/** How long after the event that named it an entry is looked at; `sampled` ones were drawn at random. */
export const AUDIT_SCALES = ['sampled', '1s', '10s', '1m', '5m'] as const;
export type AuditScale = (typeof AUDIT_SCALES)[number];

/**
 * `equal`: checked and right. `violation`: checked and wrong, proven. `ended`: an event, the TTL or an eviction took the
 * entry first, which is what should happen. `undecided`: no proof came, or the load saw less than the entry. `wait`: not yet.
 */
export type AuditVerdict = 'equal' | 'violation' | 'ended' | 'undecided' | 'wait';

export interface AuditFacts {
  /** The very entry that was resident before the audit load began still is, and nothing has ended it, not even softly. */
  readonly stands: boolean;
  readonly entryStamp: Offset;
  /** Everything at or below it was visible to the audit load; `null`: that is not known. */
  readonly auditStamp: Offset | null;
  /** When the audit load had ended. */
  readonly endedAt: Mono;
  /** As of when all sources of the namespace are proven applied. */
  readonly provenAt: Mono;
  readonly equal: boolean;
}

/**
 * Whether a difference between an entry and a later load of it is a violation of SPEC I1, and not lag.
 *
 * Once a proof covers the end of the audit load, every change that the load can have seen has been applied here. If one
 * of them affects the entry and its own load had not seen it, that has ended the entry. The entry stands: so there is
 * none, and both loads ran over the same state. The proof must be strictly later: at the same reading of the clock
 * either may have been first.
 */
export function judgeAudit(facts: AuditFacts, now: Mono, patienceMs: number): AuditVerdict {
  if (!facts.stands) return 'ended';
  // A load from a lagging replica may have seen less than the entry's own: then neither is known to be the newer.
  if (facts.auditStamp === null || facts.auditStamp < facts.entryStamp) return 'undecided';
  if (facts.provenAt > facts.endedAt) return facts.equal ? 'equal' : 'violation';
  return now - facts.endedAt > patienceMs ? 'undecided' : 'wait';
}
