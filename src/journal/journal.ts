import type { z } from 'zod';
import type { Appended, DeadLetter, Entry, PlannedBatch } from '../model/entry.ts';
import type { Epoch, Millis, Offset, Resume, SourceId } from '../model/position.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Relays } from './relays.ts';

/**
 * Tidemark's durable ordered log. One total order over all sources; its offset is every cache's stamp.
 *
 * Promises: `append` resolves once the batch is on disk, in the order of the calls, all of a batch or nothing;
 * appending the same thing again changes nothing (ordered sources by epoch, position and index in the transaction,
 * others by source and event id); problems of its plans become dead letters in the same write; offsets have no holes; a
 * crash at any point loses nothing that was resolved.
 */
export interface Journal {
  append(batch: PlannedBatch): Promise<Appended>;
  /** Entries after an offset, oldest first, at most `limit`; `[]` at the head. Offsets below `first` are gone. */
  read(after: Offset, limit: number): Promise<readonly Entry[]>;
  /** Resolves when the head is beyond `after`, or when the signal aborts. */
  changed(after: Offset, signal: AbortSignal): Promise<void>;
  /** Offset of the newest durable entry; `ORIGIN` when there has never been one. */
  readonly head: Offset;
  /** Offset of the oldest entry still held; `head + 1` when none is. */
  readonly first: Offset;
  /** What its offsets are told apart by from those of other journals, and this opening of it from others. */
  readonly identity: JournalIdentity;
  /**
   * Begins a new epoch, durably: offsets of the old one may have been given out for other events (the journal was
   * restored to an earlier state, which only somebody who remembers later offsets can notice).
   */
  renew(): Promise<void>;
  /** The newest offset at which no transaction is open: where the watermark of an empty layer begins. */
  settledAt(): Promise<Offset>;
  /** Where a source goes on: the last commit of it that the journal holds. */
  resumeAt(source: SourceId): Promise<Resume | null>;
  /** The newest entries that name a target (key, tag, namespace ...), newest first, looking back at most `within` entries. */
  mentions(target: string, limit: number, within: number): Promise<readonly Entry[]>;
  /** How far a named consumer (a layer with a memory of its own, a projection) has come; `null` if it is new. */
  cursor(consumer: string): Promise<Offset | null>;
  settle(consumer: string, offset: Offset): Promise<void>;
  /** Forgets the places of all other consumers: one that is not configured any more must not hold back `trim` for ever. */
  keepCursors(consumers: readonly string[]): Promise<void>;
  readonly deadLetters: DeadLetters;
  /** Forgets entries older than the retention, but none that a consumer has still to read. Returns how many. */
  trim(olderThan: Millis): Promise<number>;
  readonly report: JournalReport;
  /** Of a journal that several daemons write at once. Absent: this one is alone. */
  readonly relays?: Relays;
  close(): Promise<void>;
}

export interface JournalIdentity {
  /** Made with the journal; the same as long as its offsets go on. */
  readonly epoch: Epoch;
  /** Rises with each opening, and from one journal to another that is made after it: of two daemons the later has the higher. */
  readonly life: number;
}

/** Bounded: beyond `dead-letter-bound.ts` the oldest go, and that is said. */
export interface DeadLetters {
  put(letter: Omit<DeadLetter, 'id'>): Promise<DeadLetter>;
  list(options?: { readonly after?: number; readonly limit?: number }): Promise<readonly DeadLetter[]>;
  get(id: number): Promise<DeadLetter | null>;
  remove(id: number): Promise<boolean>;
  readonly count: number;
}

export interface JournalReport {
  readonly type: string;
  readonly durable: boolean;
  readonly entries: number;
  readonly bytes?: number;
  readonly path?: string;
}

export interface JournalContext {
  readonly runtime: Runtime;
  readonly baseDir: string;
}

export interface JournalKind<O = unknown> {
  readonly type: string;
  readonly summary: string;
  readonly options: z.ZodType<O>;
  open(context: JournalContext, options: O): Promise<Journal>;
}
