import type { MemoryStore, Shelf } from '../layers/memory/store.ts';
import type { WhenLoadWaits } from '../model/namespace.ts';
import type { SourceId } from '../model/position.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { WhenUncertain } from '../trust/trust.ts';
import type { Progress } from './progress.ts';
import type { SecondLayer } from './second-layer.ts';
import type { Token } from '../model/token.ts';
import type { Places } from './stamping.ts';
import type { Knowledge } from './why.ts';

/** What a cache needs of its surroundings. */
export type ClientRuntime = Pick<Runtime, 'clock' | 'random' | 'log'>;

/** A namespace as the client needs it: its policy, and its freshness in the store. */
export interface Policy {
  readonly name: string;
  readonly ttlMs: number;
  readonly jitter: number;
  readonly maxStalenessMs: number | undefined;
  readonly whenUncertain: WhenUncertain;
  /** How long a reader waits for another process's load, and what it does then; see `NamespaceConfig`. */
  readonly loadWaitMs?: number | undefined;
  readonly whenLoadWaits?: WhenLoadWaits | undefined;
  /** Whether all sources of the namespace, and at least one, can prove freshness. Default false. */
  readonly provable?: boolean;
  /** The sources whose proofs its freshness is the oldest of. Default: none. */
  readonly provers?: readonly SourceId[];
}

/** Reads and fills since the start, counted without allocation. */
export interface Counts {
  hits: number;
  misses: number;
  uncertain: number;
  stored: number;
  refused: number;
  skipped: number;
}

/** What observers are told; the hot path asks `active` first. */
export interface CacheObserver {
  readonly active: boolean;
  tell(
    type: 'cache:hit' | 'cache:miss' | 'fill:stored' | 'fill:refused',
    fields: Readonly<Record<string, string | number>>,
  ): void;
}

export interface CacheParts<R> {
  readonly store: MemoryStore;
  readonly shelf: Shelf;
  readonly policy: Policy;
  readonly counts: Counts;
  readonly runtime: ClientRuntime;
  readonly observer: CacheObserver;
  /** Moved on with the store's watermark and the shelf's proofs. */
  readonly progress?: Progress;
  /** Name of the layer the store belongs to. */
  readonly layer: string;
  /** What is asked before the source, and told what was loaded. Default: nothing. */
  readonly second?: SecondLayer;
  readonly closing: AbortSignal;
  /** Default: a load can say nothing about what it has read, and need not. */
  readonly places?: Places;
  /** Where the history of a source has got to, asked of the source. Default: no source can tell. */
  readonly position?: (connection: unknown, source: SourceId | undefined) => Promise<Token>;
  /** Default: nothing is known but the entries and their proofs, so reasons name no source and no event. */
  readonly knowledge?: Knowledge;
  /** Sends an explicit invalidation through the journal to every layer. */
  readonly invalidate: (message: {
    readonly keys?: readonly string[];
    readonly tags?: readonly string[];
    readonly namespaces?: readonly string[];
    readonly namespace?: string;
    readonly soft?: boolean;
  }) => Promise<R>;
}
