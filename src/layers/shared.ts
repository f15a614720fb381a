import type { Offset } from '../model/position.ts';

/** What a shared layer knows of an entry that is still there. */
export interface SharedHit {
  readonly value: unknown;
  /** Up to where it reflects every event. */
  readonly through: Offset;
  readonly tags: readonly string[];
  /** Until its TTL ends. */
  readonly leftMs: number;
  /** No proof bounds from above what its load saw: see `Stamping`. */
  readonly ahead: boolean;
}

export interface SharedFill {
  readonly namespace: string;
  readonly key: string;
  readonly value: unknown;
  readonly stamp: Offset;
  readonly tags: readonly string[];
  readonly ttlMs: number;
  readonly ahead: boolean;
}

/** How values become bytes and come back. Both throw for what they cannot do; then nothing is stored, or found. */
export interface Serializer {
  /** Stands in the name of each entry: what another format has written is not read. Letters, digits, _, - and dots. */
  readonly id: string;
  serialize(value: unknown): Uint8Array;
  deserialize(bytes: Uint8Array): unknown;
}

/** `unfit`: no fill of this value would be stored, whenever it comes; `refused` includes that it could not be asked. */
export type SharedFilled = 'stored' | 'refused' | 'unfit';

/** The right to load a key, for all processes; `token` is its holder's alone. */
export interface SharedLease {
  readonly namespace: string;
  readonly key: string;
  readonly token: string;
}

/** A question of one who has found nothing and is to load it. */
export interface SharedAsk extends SharedLease {
  /** What its load would begin with, and the tags that are known before: an event that refuses them ends the lease. */
  readonly stamp: Offset;
  readonly tags: readonly string[];
  /** What reflects less is as good as nothing. */
  readonly beyond: Offset;
  readonly leaseMs: number;
}

/** As `beyond`: nothing that is shared is of use, only a load of one's own. It says as of when the value is known. */
export const ONLY_A_LOAD = Number.MAX_SAFE_INTEGER as Offset;

/**
 * `leased`: whoever asked is to load it. `held`: somebody else does, and has a lease for so long unless it is renewed. `free`: it could not
 * be asked, or the value is one that is not shared; nobody waits for anybody.
 */
export type SharedAnswer =
  | { readonly is: 'found'; readonly hit: SharedHit }
  | { readonly is: 'held'; readonly leftMs: number }
  | { readonly is: 'leased' | 'free' };

/** One load of a key for all processes. No call rejects, and a lease that is lost costs a second load, never a wrong value. */
export interface SharedLeases {
  getOrLease(ask: SharedAsk): Promise<SharedAnswer>;
  renew(lease: SharedLease, leaseMs: number): Promise<void>;
  /** `unshared`: the next ones are not to wait for each other, since nothing would come of it. */
  release(lease: SharedLease, unshared: boolean): Promise<void>;
}

/**
 * The values of many processes. Neither call ever rejects, and both take a bounded time, because whoever asks has a source
 * to ask instead.
 */
export interface SharedStore {
  /** `null`: there is nothing, or it could not be asked. */
  get(namespace: string, key: string): Promise<SharedHit | null>;
  fill(fill: SharedFill): Promise<SharedFilled>;
  /** Absent: each process loads for itself. */
  readonly leases?: SharedLeases;
}
