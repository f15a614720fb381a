import type { Batch, ChangeEvent } from './event.ts';
import type { Plan, PlannedAction } from './plan.ts';
import type { Epoch, Millis, Offset, Position, SourceId } from './position.ts';

/** What the journal keeps of one event. */
export interface Entry {
  readonly offset: Offset;
  readonly source: SourceId;
  readonly epoch: Epoch;
  readonly position: Position | null;
  /** Whether a watermark may stand here: the last entry of its transaction. */
  readonly commit: boolean;
  readonly event: ChangeEvent;
  readonly plan: Plan;
  readonly receivedAt: Millis;
  /** As in its batch. */
  readonly xid?: string;
}

/** A batch with one plan for each of its events. */
export interface PlannedBatch extends Batch {
  readonly plans: readonly Plan[];
}

/**
 * What became of a batch. `offset` is that of its last event, also when that was there before; for a repeated
 * transaction that is not the newest of an ordered source it may be a later one of that source, never an earlier one.
 */
export interface Appended {
  readonly offset: Offset;
  /** How many of the batch's events the journal already had. */
  readonly duplicates: number;
}

export interface DeadLetter {
  readonly id: number;
  /** The entry it came from; `null` when it never reached the journal (refused at the door). */
  readonly offset: Offset | null;
  readonly source: SourceId;
  /** What could not be done: `plan`, `decode`, `layer:NAME`, `projection:NAME`. */
  readonly stage: string;
  readonly code: string;
  readonly message: string;
  readonly event: ChangeEvent | null;
  readonly action: PlannedAction | null;
  readonly attempts: number;
  readonly at: Millis;
}
