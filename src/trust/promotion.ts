import { ORIGIN, type Epoch, type Offset } from '../model/position.ts';
import { later } from './later.ts';
import { entryId, type Ends, type Shard, type SharedEntry } from './shard.ts';

/** An entry with the watermark of its shard, read in one step: apart they mean nothing. */
export interface ShardReading {
  readonly epoch: Epoch;
  readonly watermark: Offset;
  readonly entry: SharedEntry | null;
}

/** The marks of some tags with the watermark of their shard, read in one step. */
export interface TagReading {
  readonly epoch: Epoch;
  readonly watermark: Offset;
  /** The newest purge and expiry of any of them. */
  readonly ends: Ends;
}

/**
 * `since`: the oldest owner whose shard is believed. One that this owner has not taken over yet may have offsets that its journal,
 * put back to an earlier state, will give out again for other events.
 */
export function readShard(shard: Shard, namespace: string, key: string, since = 0): ShardReading {
  const { epoch, watermark, owner } = shard;
  const entry = shard.entries.get(entryId(namespace, key)) ?? null;
  const isGone =
    owner < since ||
    entry?.epoch !== epoch ||
    entry.stamp < shard.reset ||
    entry.stamp < (shard.namespaces.get(namespace) ?? ORIGIN);
  return { epoch, watermark, entry: isGone ? null : entry };
}

export function readTags(shard: Shard, tags: readonly string[]): TagReading {
  let hard = shard.tagFloor;
  let soft = ORIGIN;
  for (const tag of tags) {
    hard = later(hard, shard.purgedTags.get(tag) ?? ORIGIN);
    soft = later(soft, shard.expiredTags.get(tag) ?? ORIGIN);
  }
  return { epoch: shard.epoch, watermark: shard.watermark, ends: { hard, soft } };
}

/**
 * Up to where an entry of a shared layer is known to reflect every event; `null` when it is gone. That is what its
 * shard and the shards of all its tags have applied, for had one of those events ended it, it would not be there; and
 * at least its own stamp. Of an entry that was expired softly only the stamp is known.
 *
 * A process stores it with this as its stamp. Its own fence then compares the stamp with what the process has applied,
 * so that a layer that is behind cannot bring back what was ended here (anomaly D1), and one that is ahead vouches for
 * an entry beyond its load. Comparing the entry's own stamp would refuse good entries; taking the process' watermark
 * as the stamp would vouch for what nobody has checked.
 */
export function validThrough(
  { epoch, watermark, entry }: ShardReading,
  tags: readonly TagReading[],
  journal: Epoch,
): Offset | null {
  if (entry === null || epoch !== journal || tags.some((one) => one.epoch !== journal)) return null;
  if (tags.some(({ ends }) => entry.stamp < ends.hard)) return null;
  if (entry.isExpired || tags.some(({ ends }) => entry.stamp < ends.soft)) return entry.stamp;
  return Math.max(entry.stamp, Math.min(watermark, ...tags.map((one) => one.watermark))) as Offset;
}
