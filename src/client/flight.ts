import type { Mono, Offset } from '../model/position.ts';
import type { Refusal } from '../trust/fence.ts';

/** How a load ended. */
export interface Landing<T> {
  readonly value: T;
  /** Whether the store took it; a reason when the fence did not. */
  readonly refused: { readonly reason: Refusal; readonly at: Offset } | null;
}

/** A load under way, shared by the readers that it is new enough for. */
export interface Flight<T> {
  readonly stamp: Offset;
  readonly startedAt: Mono;
  readonly tags: readonly string[];
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
 * Whether a load that has landed is new enough for a reader that came while it was under way (anomaly A13).
 * Refused by an invalidation that had been applied before the reader came: the value is older than what the reader
 * could have seen. Otherwise the value must not be older than the namespace's bound at the time the reader came.
 */
export function suits(flight: Flight<unknown>, landing: Landing<unknown>, need: Need, provenAt: Mono): boolean {
  if (landing.refused && landing.refused.reason !== 'older-than-stored' && landing.refused.at <= need.watermark)
    return false;
  if (need.maxStalenessMs === undefined) return true;
  const knownAt = landing.refused ? flight.startedAt : Math.max(flight.startedAt, provenAt);
  return need.at - knownAt <= need.maxStalenessMs;
}
