import type { z } from 'zod';
import type { SharedTerms } from '../model/feed.ts';
import type { Health, Outcome } from '../model/outcome.ts';
import type { Action, ActionKind } from '../model/plan.ts';
import type { Offset } from '../model/position.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Claim } from '../trust/shard.ts';
import type { Serializer, SharedStore } from './shared.ts';

/** An action with the offset of the entry that asked for it. Applying it again, or late, changes nothing newer. */
export interface StampedAction {
  readonly action: Action;
  readonly at: Offset;
}

/** What a cache of keys and tags does. */
export const CACHE_CAN: ReadonlySet<ActionKind> = new Set<ActionKind>([
  'delete_key',
  'expire_key',
  'purge_tag',
  'expire_tag',
  'purge_namespace',
  'refresh_key',
]);

/**
 * A cache that plans are applied to.
 *
 * Promises: `apply` returns one outcome for each action, in order, and throws only when the layer as a whole could
 * not be reached; it is idempotent; once it has returned `applied` for everything up to `watermark`, the layer never
 * again serves or stores a value that such an action ended.
 */
export interface Layer {
  readonly name: string;
  readonly can: ReadonlySet<ActionKind>;
  /** `watermark`: when no outcome is `failed`, everything at or below it has been applied here. It may equal the last one. */
  apply(actions: readonly StampedAction[], watermark: Offset, signal: AbortSignal): Promise<readonly Outcome[]>;
  /**
   * Of a layer that outlives this process: makes it this daemon's own and says up to where it has applied the journal.
   * Called before the first `apply` and after each one that threw, because the layer may have gone back meanwhile.
   * Absent: the layer began with the process, at `startAt`.
   */
  resume?(): Promise<Offset>;
  /** Of a layer that holds the values of many processes. */
  readonly shared?: SharedStore;
  /** Of such a layer: what other processes need to take part in it. */
  readonly terms?: SharedTerms;
  /** What its operator should change. */
  readonly warnings?: readonly string[];
  probe(): Promise<Health>;
  close(): Promise<void>;
}

/** By what a daemon moves the watermark of a layer that outlives it. */
export interface Authority {
  /** The journal, this opening of it, and the contracts that are planned with now. */
  claim(): Claim;
  /**
   * Whose shards may be believed: a shard of an earlier owner may hold what a journal that was put back has forgotten. Absent: anybody's.
   */
  since?(): number;
  /** Where the journal was settled when this owner began. Absent: others may have appended since, so it is asked each time. */
  beganAt?(): Offset;
  /** The newest offset of the journal at which no transaction is open. */
  settledAt(): Promise<Offset>;
  /** Begins a new epoch of the journal: it was put back to before offsets that a layer has. */
  renew(): Promise<void>;
}

export interface LayerContext {
  readonly name: string;
  readonly runtime: Runtime;
  /** Where the journal is settled at the start: a layer without a memory of its own is empty and has applied all up to here. */
  readonly startAt: Offset;
  readonly authority: Authority;
  /** How the program wants values of this layer to be written, instead of what its options say. */
  readonly serializer?: Serializer;
}

export interface LayerKind<O = unknown> {
  readonly type: string;
  readonly summary: string;
  readonly options: z.ZodType<O>;
  /** What every layer of this kind can do, known without opening one, so that a plan can be shown offline. */
  readonly can: ReadonlySet<ActionKind>;
  open(context: LayerContext, options: O): Promise<Layer>;
}
