import type { Epoch, Offset } from '../model/position.ts';
import { later } from './later.ts';

/**
 * One shard of a cache that many processes share: its entries, and beside them what they may be trusted by. Both live
 * and die together (one hash slot, one replication stream), because a watermark that outlives the entries it speaks of
 * makes a failover silently stale (SPEC I1).
 *
 * A record is a value and every function over it is pure: one call here is one script on the server.
 */
export interface Shard {
  /** The journal whose offsets these are. The offsets of another journal say nothing here. */
  readonly epoch: Epoch;
  /** The daemon life that may move the watermark. Counted by the journal, never by the shard: a failover would count again. */
  readonly owner: number;
  /** The contracts that the owner plans with. */
  readonly contractHash: string;
  /** Everything at or below it has been applied here. */
  readonly watermark: Offset;
  /** Fills with an older stamp are refused: their key's tombstone may have been forgotten. */
  readonly floor: Offset;
  /** Entries with an older stamp are misses, and their fills are refused. */
  readonly reset: Offset;
  /** Entries that carry any tag and have an older stamp are misses: their tag's mark may have been forgotten. */
  readonly tagFloor: Offset;
  /** Tombstones of keys. */
  readonly keys: ReadonlyMap<string, Offset>;
  /** Marks of tags that were purged. */
  readonly purgedTags: ReadonlyMap<string, Offset>;
  /** Marks of tags that were expired softly. */
  readonly expiredTags: ReadonlyMap<string, Offset>;
  readonly namespaces: ReadonlyMap<string, Offset>;
  readonly entries: ReadonlyMap<string, SharedEntry>;
}

/** Up to where something was ended. */
export interface Ends {
  /** Entries with an older stamp are gone. */
  readonly hard: Offset;
  /** Entries with an older stamp are expired: current when they were loaded, and not since. */
  readonly soft: Offset;
}

export interface SharedEntry {
  readonly epoch: Epoch;
  readonly namespace: string;
  readonly key: string;
  readonly value: unknown;
  /** Everything at or below it was visible to the load. */
  readonly stamp: Offset;
  readonly tags: readonly string[];
  /** A soft expiry of its key has passed it. */
  readonly isExpired: boolean;
}

/** Who may move a shard's watermark. */
export interface Claim {
  readonly epoch: Epoch;
  readonly owner: number;
  readonly contractHash: string;
}

/**
 * A shard that nothing is known of: new, emptied, or its record was lost while entries stayed. `head` is where the
 * journal is settled; whatever was loaded before is not trusted here.
 */
export function coldShard(claim: Claim, head: Offset, entries: Shard['entries'] = new Map()): Shard {
  return {
    epoch: claim.epoch,
    owner: claim.owner,
    contractHash: claim.contractHash,
    watermark: head,
    floor: head,
    reset: head,
    tagFloor: head,
    keys: new Map(),
    purgedTags: new Map(),
    expiredTags: new Map(),
    namespaces: new Map(),
    entries,
  };
}

/**
 * A daemon makes a shard its own, at its start and whenever the shard answers `unclaimed`. Of the same journal, the
 * record goes on where it is, and the watermark says where the owner must go on from. Of another, or under other
 * contracts, nothing from before `head` is trusted.
 *
 * `beganAt`: where the journal was settled when this owner began. What an earlier owner has applied lies before it, however far
 * the journal has come since.
 *
 * `deposed`: a newer daemon owns it. `beyond`: the shard has offsets that the journal has not given out yet, so the
 * journal was put back to an earlier state; it will give them out again for other events, and must say so by a new epoch.
 */
export function takeOver(shard: Shard, claim: Claim, head: Offset, beganAt = head): Shard | 'deposed' | 'beyond' {
  if (claim.owner < shard.owner) return 'deposed';
  if (claim.epoch !== shard.epoch) return coldShard(claim, head, shard.entries);
  if (shard.watermark > (shard.owner < claim.owner ? beganAt : head)) return 'beyond';
  if (claim.contractHash === shard.contractHash) return { ...shard, owner: claim.owner };
  return { ...shard, ...claim, floor: later(shard.floor, head), reset: later(shard.reset, head) };
}

/** Two namespaces may hold the same key. */
export function entryId(namespace: string, key: string): string {
  return `${namespace}\0${key}`;
}
