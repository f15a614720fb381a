import type { z } from 'zod';
import type { Batch, ChangeEvent } from '../model/event.ts';
import type { Epoch, Millis, Mono, Position, Resume, SourceId } from '../model/position.ts';
import type { Runtime } from '../runtime/runtime.ts';

/**
 * A source that is read: a change feed, an outbox, a broker.
 *
 * Promises: items come in upstream's commit order; a batch with `commit` is yielded only once new readers of the
 * upstream see its transaction (the visibility gate, SPEC I1); what was yielded and not acknowledged comes again
 * after a restart; the iterator ends when the signal aborts and throws a `TidemarkError` when the feed breaks.
 * Pulling is the backpressure: nothing is read ahead beyond a fixed bound.
 */
export interface Source {
  /** Commits may be yielded before new readers see them; then a load has to say with which snapshot it has read. */
  readonly ungated?: boolean;
  /** `term`: the journal has made this process the only reader; whoever upstream still serves may be put out. */
  open(after: Resume | null, signal: AbortSignal, term?: number): AsyncIterable<SourceItem>;
  /** Everything up to here is durable in the journal; upstream may forget it. */
  ack(upTo: Position): Promise<void>;
  /**
   * A place behind everything that readers of the upstream can see now, asked on a connection of the application's, or else on
   * one of its own. The epoch may be only the beginning of the source's, as far as the server itself can tell it.
   *
   * @throws POSITION_UNKNOWN; what a driver throws
   */
  position?(connection?: unknown): Promise<Resume>;
  /** What an operator wants to know now; cheap, no I/O. */
  report(): SourceReport;
  close(): Promise<void>;
}

export type SourceItem =
  | { readonly kind: 'batch'; readonly batch: Batch }
  /** Everything that readers of the upstream could see at `t0` has been yielded before this item. */
  /** ... and, where it is known, everything up to `upTo`. */
  | { readonly kind: 'proof'; readonly t0: Mono; readonly upTo?: Resume }
  /** Readers with a snapshot whose `xmax` is beyond `xid` see everything that was yielded before this session. */
  | { readonly kind: 'horizon'; readonly epoch: Epoch; readonly xid: string }
  /**
   * Changes are missing or may be, and the feed goes on after `resume`. Yielded only when every commit at or below
   * `resume` is visible to new readers (the visibility barrier), so that the journal can widen and go on.
   */
  | { readonly kind: 'gap'; readonly code: string; readonly reason: string; readonly resume: Resume };

export interface SourceReport {
  readonly state: 'starting' | 'streaming' | 'waiting' | 'stopped';
  readonly detail?: string;
  /** How far behind upstream's head the source is, in its own unit, where it can tell. */
  readonly lagBytes?: number;
  /** The transaction that is held back until new readers see it. */
  readonly gate?: string;
  /** Things that are allowed but weaken what can be promised, e.g. a replica identity without needed columns. */
  readonly warnings?: readonly string[];
}

/** A source that is called: webhooks and CloudEvents over HTTP. Decodes and verifies; keeps nothing. */
export interface Receiver {
  /** Largest body that it takes: what is larger need not be read. */
  readonly bodyBytesMax: number;
  receive(request: RawRequest): Received;
}

export interface RawRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly path: string;
  /** Lower-case names; a repeated header is joined with ", ". */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The body's bytes as they came: signatures are over these. */
  readonly body: Uint8Array;
  readonly now: Millis;
}

export type Received =
  | { readonly ok: true; readonly events: readonly ChangeEvent[] }
  | {
      readonly ok: false;
      readonly status: number;
      readonly code: string;
      readonly message: string;
      /** The precise cause where the sender must not learn it (why a signature was refused): for logs, never for the answer. */
      readonly reason?: string;
      readonly headers?: Readonly<Record<string, string>>;
    };

export interface SourceContext {
  readonly name: SourceId;
  readonly runtime: Runtime;
  /** Per entity (`product` of `product.updated`): the columns that contract templates and filters read. */
  readonly columns: ReadonlyMap<string, ReadonlySet<string>>;
  /** Directory that relative paths of the configuration start from. */
  readonly baseDir: string;
}

/** One file or folder exports a Kind and adds its line to `sources/index.ts`; everything else loops over that list. */
export interface SourceKind<O = unknown> {
  readonly type: string;
  /** One sentence for help and documentation. */
  readonly summary: string;
  readonly options: z.ZodType<O>;
  readonly can: SourceCapabilities;
  /** Whether, with these options, commits may come before new readers see them (`Source.ungated`). */
  ungated?(options: O): boolean;
  /** Imports its driver lazily, so that an unused driver is never loaded. */
  open?(context: SourceContext, options: O): Promise<Source>;
  receiver?(context: SourceContext, options: O): Receiver;
}

export interface SourceCapabilities {
  /** Positions are upstream's commit order. */
  readonly order: boolean;
  /** Missed history can be read again. */
  readonly replay: boolean;
  /** Yields proofs, so that `max_staleness` can be held. */
  readonly prove: boolean;
}
