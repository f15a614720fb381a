import type { AuditStatus, AuditViolation, NamespaceAudit } from '../model/status.ts';
import { ninesOf } from '../trust/nines.ts';
import type { Audited } from './auditor.ts';
import type { NamespaceTally } from './tally.ts';

export interface Found {
  readonly heal: boolean;
  readonly audited: readonly Audited[];
  readonly tallies: ReadonlyMap<string, NamespaceTally>;
  readonly running: number;
  readonly waiting: number;
  readonly dropped: number;
  readonly violations: readonly AuditViolation[];
}

export function statusOf({ audited, tallies, ...rest }: Found): AuditStatus {
  return {
    ...rest,
    namespaces: audited.flatMap((one) => {
      const tally = tallies.get(one.name);
      return tally ? [namespaceAudit(one, tally)] : [];
    }),
  };
}

function namespaceAudit({ name, undecidable }: Audited, tally: NamespaceTally): NamespaceAudit {
  const { equal, violations, ended, undecided, failed } = tally.sum;
  const { atMost, nines, words } = ninesOf(equal + violations, violations);
  return {
    name,
    ...(undecidable === null ? {} : { undecidable }),
    checked: equal + violations,
    violations,
    ended,
    undecided,
    failed,
    withoutFactory: tally.withoutFactory,
    healed: tally.healed,
    atMost,
    nines,
    words: undecidable ?? words,
    scales: Object.entries(tally.scales).map(([scale, one]) => ({
      scale,
      checked: one.equal + one.violations,
      violations: one.violations,
      words: ninesOf(one.equal + one.violations, one.violations).words,
    })),
  };
}
