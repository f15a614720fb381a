import type { Resume } from '../../model/position.ts';
import { parseEpoch, type EpochParts } from './epoch.ts';
import { formatLsn, fromPosition, later, type Lsn } from './lsn.ts';
import type { Slot } from './slot.ts';

export interface ContinuityFacts {
  /** What the journal has. */
  readonly after: Resume | null;
  readonly now: Omit<EpochParts, 'rewound'>;
  /** End of the server's log. */
  readonly head: Lsn;
  /** `null`: there is none. */
  readonly slot: Slot | null;
  /** The publication was made after the slot: what the slot still holds cannot be decoded with it. */
  readonly publicationIsNew: boolean;
  /** Why what the server would send next must be skipped. */
  readonly skip: string | null;
}

export type Continuity =
  | { readonly kind: 'unbroken'; readonly from: Lsn; readonly rewound: number }
  | {
      readonly kind: 'broken';
      readonly code: GapCode;
      readonly reason: string;
      /** Where to go on; `null`: at the beginning of a new slot. */
      readonly from: Lsn | null;
      readonly rewound: number;
    };

export type GapCode =
  | 'FIRST_START'
  | 'OTHER_SYSTEM'
  | 'OTHER_TIMELINE'
  | 'HISTORY_LOST'
  | 'SLOT_MISSING'
  | 'SLOT_LOST'
  | 'SLOT_MOVED'
  | 'COVERAGE_CHANGED'
  | 'UNREADABLE';

/**
 * Decides whether the server can go on exactly behind what the journal has. START_REPLICATION would not say: from a
 * position that the slot has left behind it begins later, from one that the server has never reached it waits, both
 * without a word.
 */
export function continuity(facts: ContinuityFacts): Continuity {
  const { after, now, head, slot, publicationIsNew, skip } = facts;
  const stored = after && { ...parseEpoch(after.epoch), lsn: fromPosition(after.position) };
  const sameSystem = stored?.systemId === now.systemId && stored.timeline === now.timeline;
  const rewound = sameSystem ? (stored.rewound ?? 0) : 0;
  const usable = slot?.state === 'usable' && !publicationIsNew ? slot : null;
  const broken = (code: GapCode, reason: string, from: Lsn | null = usable?.confirmed ?? null): Continuity => ({
    kind: 'broken',
    code,
    reason,
    from,
    rewound: code === 'HISTORY_LOST' ? rewound + 1 : rewound,
  });

  if (!stored)
    return broken('FIRST_START', 'nothing of this source is in the journal', usable && later(head, usable.confirmed));
  if (stored.systemId !== now.systemId)
    return broken(
      'OTHER_SYSTEM',
      `the database system is ${now.systemId}, it was ${stored.systemId ?? 'of another kind'}`,
    );
  if (stored.timeline !== now.timeline)
    return broken('OTHER_TIMELINE', `the timeline is ${now.timeline}, it was ${stored.timeline ?? '?'}`);
  if (stored.lsn === null) return broken('OTHER_SYSTEM', 'the stored position is not of PostgreSQL');
  if (stored.lsn > head) {
    return broken(
      'HISTORY_LOST',
      `the journal has ${formatLsn(stored.lsn)}, the server's log ends at ${formatLsn(head)}`,
    );
  }
  if (!slot) return broken('SLOT_MISSING', 'the replication slot is gone');
  if (slot.state === 'lost')
    return broken('SLOT_LOST', `the server gave the replication slot up (${slot.reason ?? 'no reason given'})`);
  if (publicationIsNew) return broken('COVERAGE_CHANGED', 'the publication was missing');
  if (slot.confirmed > stored.lsn) {
    return broken(
      'SLOT_MOVED',
      `the slot begins at ${formatLsn(slot.confirmed)}, the journal has ${formatLsn(stored.lsn)}: it was made anew or moved on by someone else`,
    );
  }
  if (stored.coverage !== now.coverage) {
    return broken('COVERAGE_CHANGED', 'a table, its columns or the publication have changed since', stored.lsn);
  }
  if (skip !== null) return broken('UNREADABLE', skip, later(head, slot.confirmed));
  return { kind: 'unbroken', from: stored.lsn, rewound };
}
