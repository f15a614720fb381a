import { AUDIT_SCALES, type AuditScale } from '../trust/audit.ts';

/** What became of audits. `checked` is `equal` and `violations`: the denominator of the nines. */
export interface Tally {
  equal: number;
  violations: number;
  /** Ended by an event, the TTL or an eviction before it could be decided: what should happen. */
  ended: number;
  /** No proof came in time, the load saw less than the entry, or the values are too large to compare. */
  undecided: number;
  /** The factory threw or took too long. */
  failed: number;
}

export type AuditResult = keyof Tally;

const nothing = (): Tally => ({ equal: 0, violations: 0, ended: 0, undecided: 0, failed: 0 });

/** Of one namespace. */
export class NamespaceTally {
  readonly scales = Object.fromEntries(AUDIT_SCALES.map((scale) => [scale, nothing()])) as Record<AuditScale, Tally>;
  /** Met by sampling, and not to be audited: their value was handed in, not loaded. */
  withoutFactory = 0;
  healed = 0;

  get sum(): Tally {
    const sum = nothing();
    for (const tally of Object.values(this.scales))
      for (const result of Object.keys(sum) as AuditResult[]) sum[result] += tally[result];
    return sum;
  }
}
