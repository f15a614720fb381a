import { z } from 'zod';
import { assert, TidemarkError } from '../errors.ts';
import type { Appended, Entry, PlannedBatch } from '../model/entry.ts';
import type { Millis, Offset, Resume, SourceId } from '../model/position.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { Continuity } from './continuity.ts';
import { Cursors } from './cursors.ts';
import { EntryIndex } from './entry-index.ts';
import { freshOf } from './fresh.ts';
import { History } from './history.ts';
import { nextIdentity } from './identity.ts';
import type { Journal, JournalIdentity, JournalKind, JournalReport } from './journal.ts';
import { MemoryDeadLetters } from './memory-dead-letters.ts';
import { lettersOf } from './problems.ts';

export interface MemoryJournalOptions {
  readonly max_entries: number;
}

export const memoryJournal: JournalKind<MemoryJournalOptions> = {
  type: 'memory',
  summary: 'In this process only: gone when it ends. For tests and for sources that can replay.',
  options: z.strictObject({
    /** Entries of 1 kB make about 1 GB of it. */
    max_entries: z.int().positive().default(1_000_000),
  }),
  open: ({ runtime }, options) => Promise.resolve(new MemoryJournal(runtime, options)),
};

export class MemoryJournal implements Journal {
  readonly deadLetters: MemoryDeadLetters;
  readonly #maxEntries: number;
  readonly #entries = new EntryIndex();
  readonly #history = new History();
  readonly #cursors = new Cursors();
  readonly #continuity = new Continuity();
  #closed = false;

  readonly #runtime: Runtime;
  #identity: JournalIdentity | null = null;

  constructor(runtime: Runtime, options: MemoryJournalOptions) {
    this.#runtime = runtime;
    this.#maxEntries = options.max_entries;
    this.deadLetters = new MemoryDeadLetters(runtime, () => {
      this.#assertOpen();
    });
  }

  get head(): Offset {
    return this.#entries.head;
  }

  get first(): Offset {
    return this.#entries.first;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the seam is asynchronous, memory is not
  async append(batch: PlannedBatch): Promise<Appended> {
    this.#assertOpen();
    this.#continuity.check(batch);
    try {
      return this.#append(batch);
    } catch (error) {
      this.#continuity.break(batch, error);
      throw error;
    }
  }
  // eslint-disable-next-line @typescript-eslint/require-await -- the seam is asynchronous, memory is not
  async read(after: Offset, limit: number): Promise<readonly Entry[]> {
    this.#assertOpen();
    return this.#entries.after(after, limit);
  }

  changed(after: Offset, signal: AbortSignal): Promise<void> {
    return this.#entries.changed(after, signal);
  }

  get identity(): JournalIdentity {
    this.#identity ??= nextIdentity(null, this.#runtime);
    return this.#identity;
  }

  renew(): Promise<void> {
    this.#identity = nextIdentity(null, this.#runtime);
    return Promise.resolve();
  }

  settledAt(): Promise<Offset> {
    return Promise.resolve(this.#history.settled(this.head));
  }

  resumeAt(source: SourceId): Promise<Resume | null> {
    this.#continuity.mend(source);
    return Promise.resolve(this.#history.resume(source));
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the seam is asynchronous, memory is not
  async mentions(target: string, limit: number, within: number): Promise<readonly Entry[]> {
    return this.#entries.mentions(target, limit, within);
  }

  cursor(consumer: string): Promise<Offset | null> {
    return Promise.resolve(this.#cursors.get(consumer));
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the seam is asynchronous, memory is not
  async settle(consumer: string, offset: Offset): Promise<void> {
    this.#assertOpen();
    assert(offset <= this.head, `J4: ${consumer} settles ${String(offset)} beyond the head ${String(this.head)}`);
    this.#cursors.settle(consumer, offset);
  }

  keepCursors(consumers: readonly string[]): Promise<void> {
    this.#cursors.keep(consumers);
    return Promise.resolve();
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the seam is asynchronous, memory is not
  async trim(olderThan: Millis): Promise<number> {
    this.#assertOpen();
    const before = this.first;
    for (let oldest = this.#trimmable(); oldest; oldest = this.#trimmable()) {
      if (oldest.receivedAt >= olderThan) break;
      this.#entries.forget();
    }
    return this.first - before;
  }

  get report(): JournalReport {
    return { type: 'memory', durable: false, entries: this.#entries.size };
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #append(batch: PlannedBatch): Appended {
    const fresh = freshOf(batch, this.#history, (ids) => this.#known(batch.source, ids));
    this.#makeRoom(fresh.entries.length);
    const before = this.head;
    this.deadLetters.insert(lettersOf(fresh.entries, before + 1));
    for (const entry of fresh.entries) this.#entries.push({ offset: (this.head + 1) as Offset, ...entry });
    const offset = fresh.knownOffset ?? this.head;
    if (batch.position !== null && fresh.placement) {
      this.#history.take(batch, batch.position, fresh.placement, { before, offset });
      this.#history.keep();
    }
    this.#entries.moved();
    return { offset, duplicates: fresh.duplicates };
  }

  #known(source: SourceId, ids: readonly string[]): ReadonlyMap<string, Offset> {
    const known = new Map<string, Offset>();
    for (const id of ids) {
      const offset = this.#entries.known(source, id);
      if (offset !== undefined) known.set(id, offset);
    }
    return known;
  }

  /** The oldest entry, if every consumer has read it. */
  #trimmable(): Entry | undefined {
    return this.first <= this.#cursors.lowest ? this.#entries.oldest : undefined;
  }

  /** A batch that is larger than the bound alone is let in when nothing else is held: refused, it could never come. */
  #makeRoom(count: number): void {
    while (this.#entries.size > 0 && this.#entries.size + count > this.#maxEntries) {
      if (!this.#trimmable()) {
        throw new TidemarkError(
          'JOURNAL_FULL',
          `${String(this.#entries.size)} entries, ${this.#cursors.slowest} has read up to ${String(this.#cursors.lowest)}`,
        );
      }
      this.#entries.forget();
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new TidemarkError('CLOSED');
  }
}
