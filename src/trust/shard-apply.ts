import { EVERY_NAMESPACE, type Action } from '../model/plan.ts';
import { ORIGIN, type Offset } from '../model/position.ts';
import { later } from './later.ts';
import type { Claim, Shard } from './shard.ts';

/** A run of the journal for one shard: what the entries in `(after, watermark]` ask of it. */
export interface ShardRun extends Claim {
  /** Where the run begins: the watermark that the applier knows of the shard. */
  readonly after: Offset;
  readonly watermark: Offset;
  readonly actions: readonly { readonly action: Action; readonly at: Offset }[];
}

/**
 * `applied`: the watermark stands at the run's or beyond. `behind`: the shard has gone back to an earlier state (a
 * failover), so there is a hole before this run; go on from the watermark that is returned. `deposed`: a newer daemon
 * owns the shard. `unclaimed`: take it over first; it is of an earlier life, of another journal or under other contracts.
 */
export type ShardReply = 'applied' | 'behind' | 'deposed' | 'unclaimed';

/**
 * Tombstones of keys, marks of purged and of expired tags that one shard remembers, each. Ten times those of a process, because a shard
 * is written for all of them: at 10,000 invalidations a second it covers loads of a minute.
 */
export const SHARD_MARKS_MAX = 655_360;

/**
 * Applies a run: once, again, late or out of order; none of these costs more than a miss. The watermark moves only if
 * the run begins at or before it, so it never passes a hole, and never goes back (SPEC I3).
 *
 * A run of an older owner changes nothing (anomaly C6): its offsets may be those of a journal that was replaced.
 */
export function applyToShard(
  shard: Shard,
  run: ShardRun,
  marksMax = SHARD_MARKS_MAX,
): { readonly shard: Shard; readonly reply: ShardReply } {
  if (run.owner < shard.owner) return { shard, reply: 'deposed' };
  const isClaimed = run.owner === shard.owner && run.epoch === shard.epoch && run.contractHash === shard.contractHash;
  if (!isClaimed) return { shard, reply: 'unclaimed' };
  const next = run.actions.reduce((at, action) => applyOne(at, action.action, action.at, marksMax), shard);
  if (shard.watermark < run.after) return { shard: next, reply: 'behind' };
  return { shard: { ...next, watermark: later(next.watermark, run.watermark) }, reply: 'applied' };
}

/** An action narrowed to a namespace ends its target in every one: which is wider, and needs one tombstone. */
function applyOne(shard: Shard, { kind, target }: Action, at: Offset, marksMax: number): Shard {
  switch (kind) {
    case 'delete_key':
    case 'expire_key':
    case 'refresh_key': {
      const { marks: keys, forgotten } = remember(shard.keys, target, at, marksMax);
      const floor = later(shard.floor, forgotten);
      return { ...shard, keys, floor, entries: ended(shard.entries, target, at, kind !== 'delete_key') };
    }
    case 'purge_tag': {
      const { marks: purgedTags, forgotten } = remember(shard.purgedTags, target, at, marksMax);
      return { ...shard, purgedTags, tagFloor: later(shard.tagFloor, forgotten) };
    }
    case 'expire_tag': {
      const { marks: expiredTags, forgotten } = remember(shard.expiredTags, target, at, marksMax);
      return { ...shard, expiredTags, tagFloor: later(shard.tagFloor, forgotten) };
    }
    case 'purge_namespace': {
      if (target === EVERY_NAMESPACE) return { ...shard, reset: later(shard.reset, at) };
      const end = later(shard.namespaces.get(target) ?? ORIGIN, at);
      return { ...shard, namespaces: new Map(shard.namespaces).set(target, end) };
    }
    case 'purge_url':
    case 'refresh_projection':
      return shard;
  }
}

/** What was loaded at or after the event stays: a duplicate costs no fresh entry (anomalies C1, D4). */
function ended(before: Shard['entries'], key: string, at: Offset, softly: boolean): Shard['entries'] {
  const entries = new Map(before);
  for (const [id, entry] of entries) {
    if (entry.key !== key || entry.stamp >= at) continue;
    if (softly) entries.set(id, { ...entry, isExpired: true });
    else entries.delete(id);
  }
  return entries;
}

/**
 * At most `max` marks; the lowest is forgotten first. What it was has to raise a floor: that of all fills for the
 * tombstone of a key (anomaly A6), and for the mark of a tag that of everything tagged, resident or not, because
 * entries are compared with it as long as they live (anomaly D7).
 */
function remember(
  before: ReadonlyMap<string, Offset>,
  name: string,
  at: Offset,
  max: number,
): { readonly marks: ReadonlyMap<string, Offset>; readonly forgotten: Offset } {
  const marks = new Map(before).set(name, later(before.get(name) ?? ORIGIN, at));
  let forgotten = ORIGIN;
  while (marks.size > max) {
    const [lowest, end] = [...marks].reduce((low, one) => (one[1] < low[1] ? one : low));
    marks.delete(lowest);
    forgotten = end;
  }
  return { marks, forgotten };
}
