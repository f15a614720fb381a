import { EVERY_NAMESPACE, type Action } from '../model/plan.ts';
import { ORIGIN, type Offset } from '../model/position.ts';
import type { Ends, Shard } from './shard.ts';

/** A run of the journal for one shard: what the entries in `(after, watermark]` ask of it. */
export interface ShardRun {
  readonly owner: number;
  /** Where the run begins: the watermark that the applier knows of the shard. */
  readonly after: Offset;
  readonly watermark: Offset;
  readonly actions: readonly { readonly action: Action; readonly at: Offset }[];
}

/**
 * `applied`: the watermark stands at the run's or beyond. `behind`: the shard has gone back to an earlier state (a
 * failover), so there is a hole before this run; go on from the watermark that is returned. `deposed`: a newer daemon
 * owns the shard. `unclaimed`: take it over first.
 */
export type ShardReply = 'applied' | 'behind' | 'deposed' | 'unclaimed';

/**
 * Tombstones of keys and marks of tags that one shard remembers, each. Ten times those of a process, because a shard
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
  if (run.owner > shard.owner) return { shard, reply: 'unclaimed' };
  const next = run.actions.reduce((at, action) => applyOne(at, action.action, action.at, marksMax), shard);
  if (shard.watermark < run.after) return { shard: next, reply: 'behind' };
  return { shard: { ...next, watermark: later(next.watermark, run.watermark) }, reply: 'applied' };
}

/** An action narrowed to a namespace ends its target in every one: which is wider, and needs one tombstone. */
function applyOne(shard: Shard, { kind, target }: Action, at: Offset, marksMax: number): Shard {
  switch (kind) {
    case 'delete_key':
      return endEntries(remember(shard, target, at, marksMax), target, at, false);
    case 'expire_key':
    case 'refresh_key':
      return endEntries(remember(shard, target, at, marksMax), target, at, true);
    case 'purge_tag':
      return mark(shard, target, { hard: at, soft: ORIGIN }, marksMax);
    case 'expire_tag':
      return mark(shard, target, { hard: ORIGIN, soft: at }, marksMax);
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
function endEntries(shard: Shard, key: string, at: Offset, softly: boolean): Shard {
  const entries = new Map(shard.entries);
  for (const [id, entry] of entries) {
    if (entry.key !== key || entry.stamp >= at) continue;
    if (softly) entries.set(id, { ...entry, isExpired: true });
    else entries.delete(id);
  }
  return { ...shard, entries };
}

/** A forgotten tombstone raises the floor (anomaly A6). */
function remember(shard: Shard, key: string, at: Offset, marksMax: number): Shard {
  const keys = new Map(shard.keys);
  const end = later(keys.get(key) ?? ORIGIN, at);
  keys.delete(key);
  keys.set(key, end);
  return { ...shard, keys, floor: forgetBeyond(keys, marksMax, shard.floor, (one) => one) };
}

/** A forgotten mark raises the floor of everything that carries a tag: entries point at it as long as they live (anomaly D7). */
function mark(shard: Shard, tag: string, { hard, soft }: Ends, marksMax: number): Shard {
  const tags = new Map(shard.tags);
  const known = tags.get(tag) ?? { hard: ORIGIN, soft: ORIGIN };
  tags.delete(tag);
  tags.set(tag, { hard: later(known.hard, hard), soft: later(known.soft, soft) });
  const newest = (ends: Ends): Offset => later(ends.hard, ends.soft);
  return { ...shard, tags, tagFloor: forgetBeyond(tags, marksMax, shard.tagFloor, newest) };
}

function forgetBeyond<T>(marks: Map<string, T>, max: number, floor: Offset, at: (mark: T) => Offset): Offset {
  let raised = floor;
  for (const [name, one] of marks) {
    if (marks.size <= max) break;
    marks.delete(name);
    raised = later(raised, at(one));
  }
  return raised;
}

function later(a: Offset, b: Offset): Offset {
  return a > b ? a : b;
}
