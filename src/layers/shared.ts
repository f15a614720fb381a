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

/**
 * The values of many processes. Neither call ever rejects, and both take a bounded time, because whoever asks has a source
 * to ask instead.
 */
export interface SharedStore {
  /** `null`: there is nothing, or it could not be asked. */
  get(namespace: string, key: string): Promise<SharedHit | null>;
  /** Whether it was stored. */
  fill(fill: SharedFill): Promise<boolean>;
}
