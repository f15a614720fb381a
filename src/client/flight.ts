import type { Mono, Offset } from '../model/position.ts';
import type { Demand } from './demand.ts';
import type { Seen } from './stamping.ts';
import type { Refusal } from '../trust/fence.ts';

/**
 * Why a value was not stored: the fence, that it is not known what its load has seen, or that a part of it is fed by a source
 * which its own namespace does not wait for.
 */
export type Refused = Refusal | 'no-stamp' | 'foreign-part';

/** How a load ended. */
export interface Landing<T> {
  readonly value: T;
  /** Whether the store took it; a reason when the fence did not. */
  readonly refused: { readonly reason: Refused; readonly at: Offset } | null;
  /** What the load is known to have seen; `null`: nothing is known. Absent: what the watermark says. */
  readonly stamp?: Offset | null;
  /** As of when the value is known to be current. Absent: as of its beginning. */
  readonly knownAt?: Mono;
  /** Where it read sources as they were before it began. Absent: nowhere. */
  readonly older?: readonly Seen[];
  /** The factory said that the value is not for everybody. */
  readonly skipped?: boolean;
}

/** A load under way, shared by the readers that it is new enough for. */
export interface Flight<T> {
  /** The watermark when it began. What it has seen may turn out to be less. */
  readonly stamp: Offset;
  readonly startedAt: Mono;
  readonly tags: readonly string[];
  /** What the reader that it began for has to see. */
  readonly demand: Demand | null;
  readonly landing: Promise<Landing<T>>;
}

/** What a reader that comes while a load is under way needs of it. */
export interface Need {
  /** The applied watermark when the reader came. */
  readonly watermark: Offset;
  /** When the reader came. */
  readonly at: Mono;
  readonly maxStalenessMs: number | undefined;
}

/**
 * Whether a load that has landed is good for a reader that came while it was under way (anomaly A13).
 * Refused by an invalidation that had been applied before the reader came: the value is older than what the reader
 * could have seen. Otherwise the value must not be older than the namespace's bound at the time the reader came.
 * What a factory skipped is its own reader's alone: it may be of a transaction that is rolled back (anomaly A11).
 */
export function suits(flight: Flight<unknown>, landing: Landing<unknown>, need: Need, provenAt: Mono): boolean {
  if (landing.skipped) return false;
  // Not `refused.at <= need.watermark`: the fence remembers the newest end of each name, and an older one, or one of
  // another tag, may have been applied before the reader came.
  const ended = landing.refused !== null && landing.refused.reason !== 'older-than-stored';
  if (ended && flight.stamp < need.watermark) return false;
  if (need.maxStalenessMs === undefined) return true;
  const { refused, knownAt: loadedAt = flight.startedAt } = landing;
  const knownAt = refused ? loadedAt : Math.max(loadedAt, provenAt);
  return need.at - knownAt <= need.maxStalenessMs;
}
