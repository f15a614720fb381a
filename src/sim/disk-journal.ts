import { z } from 'zod';
import { assert, TidemarkError } from '../errors.ts';
import { Continuity } from '../journal/continuity.ts';
import { Cursors } from '../journal/cursors.ts';
import { EntryIndex } from '../journal/entry-index.ts';
import { freshOf } from '../journal/fresh.ts';
import { History } from '../journal/history.ts';
import type { Journal, JournalIdentity, JournalKind, JournalReport } from '../journal/journal.ts';
import { lettersOf } from '../journal/problems.ts';
import type { Appended, Entry, PlannedBatch } from '../model/entry.ts';
import type { Millis, Offset, Resume, SourceId } from '../model/position.ts';
import type { Clock, Runtime } from '../runtime/runtime.ts';
import type { Disk } from './disk.ts';
import { DiskLetters, type LetterNote } from './disk-letters.ts';
import { Group, recover, type Recovered } from './disk-format.ts';

export interface DiskJournalParts {
  readonly clock: Clock & { readonly dead: boolean };
  readonly disk: Disk;
  /** Told of entries as they become durable, and of those found at a start. */
  readonly durable: (entries: readonly Entry[], found: boolean) => void;
  readonly trimmed: (below: Offset) => void;
  /** Sabotage: answers before its write is on disk. */
  readonly hasty: boolean;
}

interface Queued {
  readonly batch: PlannedBatch;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

export function diskJournalKind(parts: DiskJournalParts): JournalKind {
  return {
    type: 'simulated',
    summary: 'A journal on the simulated disk.',
    options: z.looseObject({}),
    open: ({ runtime }) => Promise.resolve(new DiskJournal(parts, runtime)),
  };
}

/** Beside the simulated bytes: no simulated layer asks for it yet, so no crash has to tear it. */
const identities = new WeakMap<Disk, JournalIdentity>();

/** Most batches that are flushed together. */
const GROUP_MAX = 64;

/**
 * A journal on the simulated disk. What makes a journal right (its codec and seal, what counts as a duplicate, what must
 * not follow a failure, where a watermark may begin) is the code of the real ones; only the file is simulated.
 */
export class DiskJournal implements Journal {
  readonly deadLetters: DiskLetters;
  readonly #parts: DiskJournalParts;
  readonly #entries = new EntryIndex();
  readonly #history: History;
  readonly #cursors: Cursors;
  readonly #continuity = new Continuity();
  readonly #format: Recovered['names'];
  #queue: Queued[] = [];
  #notes: LetterNote[] = [];
  #forgotten: string[] = [];
  #running: Promise<void> | null = null;
  #flushing: Promise<void> = Promise.resolve();
  #first = 1;
  #closed = false;

  #identity: JournalIdentity;

  constructor(parts: DiskJournalParts, runtime: Pick<Runtime, 'log' | 'metrics'>) {
    this.#parts = parts;
    this.#identity = {
      epoch: identities.get(parts.disk)?.epoch ?? 'simulated',
      life: (identities.get(parts.disk)?.life ?? 0) + 1,
    };
    identities.set(parts.disk, this.#identity);
    const found = recover(parts.disk);
    this.#format = found.names;
    this.#history = new History(found.histories);
    this.#cursors = new Cursors(found.cursors);
    this.#first = found.first;
    for (const entry of found.entries) this.#entries.push(entry);
    this.#forget();
    this.deadLetters = new DiskLetters(runtime, found.letters, {
      assertOpen: () => {
        this.#assertOpen();
      },
      write: (note) => {
        this.#notes.push(note);
        return this.#flush([]);
      },
    });
    parts.durable(found.entries, true);
  }

  get head(): Offset {
    return this.#entries.head;
  }

  get first(): Offset {
    return this.#entries.first;
  }

  append(batch: PlannedBatch): Promise<Appended> {
    return new Promise((resolve, reject) => {
      this.#assertOpen();
      this.#continuity.check(batch);
      this.#queue.push({ batch, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the seam is asynchronous
  async read(after: Offset, limit: number): Promise<readonly Entry[]> {
    this.#assertOpen();
    return this.#entries.after(after, limit);
  }

  changed(after: Offset, signal: AbortSignal): Promise<void> {
    return this.#entries.changed(after, signal);
  }

  get identity(): JournalIdentity {
    return this.#identity;
  }

  renew(): Promise<void> {
    this.#identity = { ...this.#identity, epoch: `simulated from life ${this.#identity.life}` };
    identities.set(this.#parts.disk, this.#identity);
    return Promise.resolve();
  }

  settledAt(): Promise<Offset> {
    return Promise.resolve(this.#history.settled(this.head));
  }

  resumeAt(source: SourceId): Promise<Resume | null> {
    this.#continuity.mend(source);
    return Promise.resolve(this.#history.resume(source));
  }

  mentions(target: string, limit: number, within: number): Promise<readonly Entry[]> {
    return Promise.resolve(this.#entries.mentions(target, limit, within));
  }

  cursor(consumer: string): Promise<Offset | null> {
    return Promise.resolve(this.#cursors.get(consumer));
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the seam is asynchronous
  async settle(consumer: string, offset: Offset): Promise<void> {
    this.#assertOpen();
    assert(offset <= this.head, `J4: ${consumer} settles ${String(offset)} beyond the head ${String(this.head)}`);
    this.#cursors.settle(consumer, offset);
  }

  async keepCursors(consumers: readonly string[]): Promise<void> {
    const forgotten = this.#cursors.keep(consumers);
    this.#forgotten.push(...forgotten);
    if (forgotten.length > 0) await this.#flush([]);
  }

  async trim(olderThan: Millis): Promise<number> {
    this.#assertOpen();
    const before = this.#first;
    for (;;) {
      const oldest = this.#entries.get(this.#first);
      if (!oldest || oldest.receivedAt >= olderThan || this.#first > this.#cursors.lowest) break;
      this.#first++;
    }
    if (this.#first === before) return 0;
    this.#parts.trimmed(this.#first as Offset);
    this.#forget();
    await this.#flush([]);
    return this.#first - before;
  }

  get report(): JournalReport {
    return { type: 'simulated', durable: true, entries: this.#entries.size };
  }

  async close(): Promise<void> {
    this.#closed = true;
    while (this.#running) await this.#running;
    if (!this.#cursors.dirty && this.#notes.length === 0) return;
    await this.#flush([]).catch(() => undefined);
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      await this.#parts.clock.turn();
      const group = this.#queue.splice(0, GROUP_MAX);
      try {
        await this.#flush(group);
      } catch (error) {
        // Whoever was queued behind must not become durable either: the order of the calls would have a hole.
        for (const { batch, reject } of [...group, ...this.#queue.splice(0)]) {
          this.#continuity.break(batch, error);
          reject(error);
        }
      }
    }
    this.#running = null;
  }

  /** One after the other: what one has taken up must be kept or dropped before the next begins. */
  #flush(queued: readonly Queued[]): Promise<void> {
    const flushed = this.#flushing.then(() => this.#flushNow(queued));
    this.#flushing = flushed.catch(() => undefined);
    return flushed;
  }

  async #flushNow(queued: readonly Queued[]): Promise<void> {
    const { disk, clock, durable, hasty } = this.#parts;
    const group = new Group(this.#format, this.head);
    const answers: (() => void)[] = [];
    const refused = new Map<SourceId, TidemarkError>();
    for (const one of queued) {
      try {
        const appended = this.#take(one.batch, group, refused);
        answers.push(() => {
          one.resolve(appended);
        });
      } catch (error) {
        this.#refuse(one, error, refused);
      }
    }
    const beside = { first: this.#first, forgotten: this.#forgotten, letters: this.#notes };
    try {
      disk.write(group.lines(this.#history.taken, this.#cursors, beside));
      this.#notes = [];
      this.#forgotten = [];
    } catch (error) {
      this.#history.drop();
      throw error;
    }
    if (hasty) for (const answer of answers) answer();
    await clock.sleep(disk.syncMs(clock.now()));
    if (clock.dead) return new Promise(() => undefined);
    disk.synced();
    this.#history.keep();
    this.#cursors.saved();
    this.#format.keep();
    this.deadLetters.insert(group.letters);
    for (const entry of group.entries) this.#entries.push(entry);
    durable(group.entries, false);
    this.#entries.moved();
    for (const answer of answers) answer();
  }

  /** One batch alone cannot be kept; what its source asked for behind it must not overtake it. */
  #refuse({ batch, reject }: Queued, error: unknown, refused: Map<SourceId, TidemarkError>): void {
    if (!(error instanceof TidemarkError)) throw error;
    this.#continuity.break(batch, error);
    reject(error);
    if (batch.position === null) return;
    refused.set(
      batch.source,
      new TidemarkError('JOURNAL_PART_MISSING', 'an earlier batch was refused', { cause: error }),
    );
    const behind = this.#queue.filter((one) => one.batch.source === batch.source);
    this.#queue = this.#queue.filter((one) => one.batch.source !== batch.source);
    for (const one of behind) one.reject(refused.get(batch.source));
  }

  #take(batch: PlannedBatch, group: Group, refused: ReadonlyMap<SourceId, TidemarkError>): Appended {
    const earlier = batch.position === null ? undefined : refused.get(batch.source);
    if (earlier) throw earlier;
    const fresh = freshOf(batch, this.#history, (ids) => this.#find(batch.source, ids, group));
    const before = group.head as Offset;
    group.add(fresh.entries, lettersOf(fresh.entries, before + 1));
    const offset = fresh.knownOffset ?? (group.head as Offset);
    if (batch.position !== null && fresh.placement) {
      this.#history.take(batch, batch.position, fresh.placement, { before, offset });
    }
    return { offset, duplicates: fresh.duplicates };
  }

  #find(source: SourceId, ids: readonly string[], group: Group): ReadonlyMap<string, Offset> {
    const found = new Map<string, Offset>();
    for (const id of ids) {
      const offset = this.#entries.known(source, id) ?? group.offsetOf(source, id);
      if (offset !== undefined) found.set(id, offset);
    }
    return found;
  }

  #forget(): void {
    while (this.#entries.first < this.#first && this.#entries.size > 0) this.#entries.forget();
  }

  #assertOpen(): void {
    if (this.#closed) throw new TidemarkError('CLOSED');
  }
}
