import { ORIGIN, type Epoch, type Offset } from '../model/position.ts';
import type { Refusal } from './fence.ts';
import { entryId, type Shard } from './shard.ts';

export interface ShardFill {
  /** The journal that the stamp is an offset of. */
  readonly epoch: Epoch;
  readonly namespace: string;
  readonly key: string;
  readonly value: unknown;
  readonly stamp: Offset;
  readonly tags: readonly string[];
}

export type ShardRefusal = Refusal | 'other-epoch';

/**
 * The fence of a shard: as in a process, a value whose load began before an invalidation that was applied here is
 * refused. Marks of tags that lie on other shards are compared when the entry is read.
 *
 * No owner is asked for: a fill moves no watermark, and its stamp is right or wrong whoever applies. What it must share
 * with the shard is the journal.
 */
export function fillShard(
  shard: Shard,
  fill: ShardFill,
): { readonly shard: Shard; readonly refused: ShardRefusal | null } {
  const refused = refusalOf(shard, fill);
  if (refused !== null) return { shard, refused };
  const { epoch, namespace, key, value, stamp, tags } = fill;
  const entry = { epoch, namespace, key, value, stamp, tags, isExpired: false };
  return {
    shard: { ...shard, entries: new Map(shard.entries).set(entryId(namespace, key), entry) },
    refused: null,
  };
}

function refusalOf(shard: Shard, { epoch, namespace, key, stamp, tags }: ShardFill): ShardRefusal | null {
  if (epoch !== shard.epoch) return 'other-epoch';
  if (stamp < shard.floor) return 'below-floor';
  if (stamp < shard.reset || stamp < (shard.namespaces.get(namespace) ?? ORIGIN)) return 'namespace-purged';
  if (stamp < (shard.keys.get(key) ?? ORIGIN)) return 'key-invalidated';
  if (tags.length > 0 && stamp < shard.tagFloor) return 'below-floor';
  for (const tag of tags) {
    if (stamp < (shard.purgedTags.get(tag) ?? ORIGIN)) return 'tag-invalidated';
    if (stamp < (shard.expiredTags.get(tag) ?? ORIGIN)) return 'tag-invalidated';
  }
  const resident = shard.entries.get(entryId(namespace, key));
  return resident?.epoch === epoch && stamp < resident.stamp ? 'older-than-stored' : null;
}
