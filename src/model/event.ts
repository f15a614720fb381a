import type { JsonObject, JsonValue } from './json.ts';
import type { Epoch, Millis, Position, SourceId } from './position.ts';

/** Event types that begin so are Tidemark's own: from outside, `tidemark.gap` would end the trust of everything. */
export const RESERVED_TYPES = 'tidemark.';

/** Type of an event that stands for an upstream record which could not be read; its raw text is in `data`. */
export const UNDECODABLE = 'tidemark.undecodable';

/** Type of the entry that ends a transaction whose last part turned out to hold nothing new. */
export const COMMIT_MARK = 'tidemark.commit';

/** Type of the entry that stands for history of a source that is missing or may be. */
export const GAP = 'tidemark.gap';

/** Type of the entry from which on everything is planned with other contracts: those with the `hash` in its data. */
export const CONTRACTS_CHANGED = 'tidemark.contracts-changed';

/** One announced change. Attributes are those of CloudEvents 1.0; `source` is the configured name of the source. */
export interface ChangeEvent {
  readonly id: string;
  readonly type: string;
  readonly source: SourceId;
  /** The CloudEvents `source` attribute, as upstream gave it. */
  readonly origin?: string;
  readonly subject?: string;
  /** RFC 3339, as upstream gave it. */
  readonly time?: string;
  /** What contracts read. For a row change: the row after it, or before it when there is none after. */
  readonly data: JsonValue;
  /** Present for a row change from a change feed. */
  readonly row?: RowChange;
  /** Present for an explicit invalidation message: what to do, without any contract. */
  readonly explicit?: readonly ExplicitAction[];
}

export interface RowChange {
  /** `schema.table` as the source names it. */
  readonly relation: string;
  readonly op: 'created' | 'updated' | 'deleted' | 'truncated';
  readonly before: JsonObject | null;
  readonly after: JsonObject | null;
  /**
   * What `before` holds. `full`: every column. `key`: only the identity columns, the others are unknown.
   * `none`: there was no row before (an insert), or nothing of it is known (see `op`).
   */
  readonly beforeHas: 'full' | 'key' | 'none';
  /** Columns whose value is unknown on both sides, as an unchanged TOAST value is without a full before-image. */
  readonly unknown?: readonly string[];
}

export interface ExplicitAction {
  readonly kind: 'delete_key' | 'expire_key' | 'purge_tag' | 'expire_tag' | 'purge_namespace' | 'purge_url';
  readonly target: string;
  readonly namespace?: string;
}

/**
 * Consecutive changes of one source: a whole transaction, or the next part of a large one.
 * Only the part with `commit` lets a watermark move; parts before it already invalidate.
 */
export interface Batch {
  readonly source: SourceId;
  readonly epoch: Epoch;
  /** The commit's position; `null` when upstream has no order, then events are told apart by their id. */
  readonly position: Position | null;
  /** How many changes of the same transaction came in earlier batches. */
  readonly first: number;
  readonly commit: boolean;
  readonly events: readonly ChangeEvent[];
  readonly receivedAt: Millis;
  /** Upstream's id of the transaction, a whole number, where snapshots of readers name transactions by such ids. */
  readonly xid?: string;
  /**
   * The source goes on after this batch's position, wherever it was before: a gap. Never taken for a duplicate, and
   * positions at or below an earlier one are new again after it.
   */
  readonly restart?: true;
}
