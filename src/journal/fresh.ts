import { assert, TidemarkError } from '../errors.ts';
import type { PlannedBatch } from '../model/entry.ts';
import { COMMIT_MARK, type ChangeEvent } from '../model/event.ts';
import type { Plan } from '../model/plan.ts';
import type { Offset, Position } from '../model/position.ts';
import type { Unplaced } from './codec.ts';
import { place, type History, type Placement } from './history.ts';

const NO_PLAN: Plan = { contractHash: '', actions: [], problems: [] };

/** What of a batch the journal does not have yet. */
export interface Fresh {
  readonly entries: readonly Unplaced[];
  readonly duplicates: number;
  /** Offset of the batch's last event if that is one which the journal had. */
  readonly knownOffset: Offset | null;
  /** Set for a source with order. */
  readonly placement: Placement | null;
}

/** Which events of a source without order the journal has, by their ids, and where. */
export type LookUp = (ids: readonly string[]) => ReadonlyMap<string, Offset>;

/** Splits a batch into what is new and what is there. Throws for a batch that must not be appended. */
export function freshOf(batch: PlannedBatch, history: History, lookUp: LookUp): Fresh {
  const { events, plans } = batch;
  assert(plans.length === events.length, `J1: ${String(events.length)} events with ${String(plans.length)} plans`);
  return batch.position === null ? freshById(batch, lookUp) : freshByPosition(batch, batch.position, history);
}

function freshByPosition(batch: PlannedBatch, position: Position, history: History): Fresh {
  const feed = history.feed(batch.source, batch.epoch);
  const placement = place(feed, { ...batch, position });
  const { length } = batch.events;
  switch (placement.what) {
    case 'append': {
      const { skip } = placement;
      return { entries: entriesFrom(batch, skip), duplicates: skip, knownOffset: null, placement };
    }
    case 'mark': {
      const mark = entry(batch, commitMark(batch, position), NO_PLAN, true);
      return { entries: [mark], duplicates: length, knownOffset: null, placement };
    }
    case 'move':
    case 'known':
      return { entries: [], duplicates: length, knownOffset: feed?.offset ?? null, placement };
    case 'missing':
      throw new TidemarkError(
        'JOURNAL_PART_MISSING',
        `source ${batch.source}, position ${position}: have ${String(placement.have)} changes of it, this part begins at ${String(batch.first)}`,
      );
  }
}

function entriesFrom(batch: PlannedBatch, skip: number): Unplaced[] {
  const entries: Unplaced[] = [];
  const last = batch.events.length - 1;
  for (let index = skip; index <= last; index++) {
    const event = batch.events[index];
    if (event) entries.push(entry(batch, event, batch.plans[index] ?? NO_PLAN, batch.commit && index === last));
  }
  return entries;
}

function freshById(batch: PlannedBatch, lookUp: LookUp): Fresh {
  const known = lookUp(batch.events.map(({ id }) => id));
  const seen = new Set<string>();
  const kept: number[] = [];
  batch.events.forEach(({ id }, index) => {
    if (!seen.has(id) && !known.has(id)) kept.push(index);
    seen.add(id);
  });
  const last = kept[kept.length - 1];
  const entries = kept.flatMap((index) => {
    const event = batch.events[index];
    return event ? [entry(batch, event, batch.plans[index] ?? NO_PLAN, batch.commit && index === last)] : [];
  });
  const knownOffset = known.get(batch.events[batch.events.length - 1]?.id ?? '') ?? null;
  return { entries, duplicates: batch.events.length - kept.length, knownOffset, placement: null };
}

function entry(batch: PlannedBatch, event: ChangeEvent, plan: Plan, commit: boolean): Unplaced {
  const { source, epoch, position, receivedAt, xid } = batch;
  const unplaced = { source, epoch, position, commit, event, plan, receivedAt };
  return xid === undefined ? unplaced : { ...unplaced, xid };
}

function commitMark(batch: PlannedBatch, position: Position): ChangeEvent {
  return { id: `${position}:commit`, type: COMMIT_MARK, source: batch.source, data: null };
}
