/**
 * How a shard and its entries are called on the server. Everything of one shard has the same hash tag, so that it lies in
 * one slot: its entries and what they are trusted by live, fail over and are lost together (SPEC I1).
 *
 * The number of shards is part of the name, because it decides where a key lies; so is the layout, which the scripts of
 * two versions must agree on.
 */
export interface ShardNames {
  /** Record, tombstones of keys, marks of purged tags, marks of expired tags. */
  readonly record: readonly [string, string, string, string];
  /** What the name of an entry begins with; the key follows as it is. */
  readonly entries: Buffer;
  /** The same for leases of loads; see `leaseName`. */
  readonly leases: Buffer;
}

/** Changes with the scripts that read and write what is under these names. */
export const LAYOUT = 1;

export function shardNames(prefix: string, shard: number, shards: number): ShardNames {
  const tag = `{${prefix}:${LAYOUT}:${shard}/${shards}}`;
  return {
    record: [`${tag}:r`, `${tag}:k`, `${tag}:p`, `${tag}:x`],
    entries: Buffer.from(`${tag}:e:`),
    leases: Buffer.from(`${tag}:l:`),
  };
}

/** Of a key in a format and namespace (`slot`): the length says where the key begins. */
export function leaseName({ leases }: ShardNames, slot: Buffer, key: Buffer): Buffer {
  return Buffer.concat([leases, Buffer.from(`${slot.length}:`), slot, key]);
}

/** FNV-1a over the bytes: spreads keys that differ in their last digit, and is the same in every process. */
export function shardOf(name: Buffer, shards: number): number {
  let hash = 0x811c9dc5;
  for (const byte of name) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0) % shards;
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * A name as bytes, two names never as the same ones. UTF-8 would make one character of all lone surrogates, and another
 * value could be served; text that has them is written in UTF-16 behind a byte that UTF-8 never begins with.
 */
export function bytesOf(name: string): Buffer {
  if (!LONE_SURROGATE.test(name)) return Buffer.from(name);
  return Buffer.concat([Buffer.of(UTF16), Buffer.from(name, 'utf16le')]);
}

export function nameOf(bytes: Buffer): string {
  return bytes[0] === UTF16 ? bytes.toString('utf16le', 1) : bytes.toString();
}

const UTF16 = 0xff;
