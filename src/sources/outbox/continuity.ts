import type { Epoch } from '../../model/position.ts';

/** Where the reader stands: everything up to `last` was read. */
export interface Place {
  readonly epoch: Epoch;
  readonly last: number;
}

/** What one look at the table found behind that place. */
export interface Look {
  readonly epoch: Epoch;
  /** Ids of the rows found, ascending. */
  readonly ids: readonly number[];
  /** The highest id that SQLite has ever given in this table. */
  readonly sequence: number;
  /** The lowest id that is in it; `null` when it is empty. */
  readonly oldest: number | null;
}

export type Finding =
  /** The first `count` rows follow without a hole. */
  | { readonly kind: 'rows'; readonly count: number }
  | {
      readonly kind: 'gap';
      readonly code: string;
      readonly reason: string;
      readonly last: number;
      readonly renew: boolean;
    };

/**
 * Whether rows are missing between the place and what was found. An id that was given and is not there was deleted by
 * somebody else: a rolled-back insert gives its id back, because `sqlite_sequence` rolls back with it. (Only an insert
 * that ignored a conflict, or named its id itself, leaves a hole without a loss; it is taken for one, which is safe.)
 */
export function judge(place: Place, look: Look): Finding {
  const { ids, sequence } = look;
  if (look.epoch !== place.epoch) {
    return gap('OUTBOX_REPLACED', 'another outbox table is in its place', beginning(look));
  }
  if (sequence < place.last) {
    const reason = `row ${String(place.last)} was read, but the table has only ever given ids up to ${String(sequence)}: it was made again, or restored from a copy`;
    return { ...gap('OUTBOX_RESET', reason, beginning(look)), renew: true };
  }
  const before = ids[0] === undefined ? sequence : ids[0] - 1;
  if (before > place.last) {
    const missing = `${String(place.last + 1)} to ${String(before)}`;
    return gap('OUTBOX_ROWS_MISSING', `rows ${missing} were deleted before they were read`, before);
  }
  let count = 0;
  while (ids[count] === place.last + 1 + count) count++;
  return { kind: 'rows', count };
}

/** The place before the first row that there is: what lies below can no longer be read. */
export function beginning({ oldest, sequence }: Pick<Look, 'oldest' | 'sequence'>): number {
  return oldest === null ? sequence : oldest - 1;
}

function gap(code: string, reason: string, last: number): Finding & { readonly kind: 'gap' } {
  return { kind: 'gap', code, reason, last, renew: false };
}
