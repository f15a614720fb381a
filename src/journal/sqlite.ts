import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { z } from 'zod';
import { assert, TidemarkError } from '../errors.ts';
import type { Appended, Entry, PlannedBatch } from '../model/entry.ts';
import type { Millis, Offset, Resume, SourceId } from '../model/position.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { loadSqlite, type SqliteDatabase } from '../runtime/sqlite.ts';
import { Continuity } from './continuity.ts';
import { Cursors } from './cursors.ts';
import { GroupCommit } from './group-commit.ts';
import { History } from './history.ts';
import { nextIdentity } from './identity.ts';
import type { Journal, JournalContext, JournalIdentity, JournalKind, JournalReport } from './journal.ts';
import { SqliteAppend, type Tail } from './sqlite-append.ts';
import { SqliteDeadLetters } from './sqlite-dead-letters.ts';
import { closeAfterError, journalError, openJournalFile } from './sqlite-schema.ts';
import { SqliteStore } from './sqlite-store.ts';
import { Waiting } from './waiting.ts';

/** A cursor may lag this long behind what was settled; after a crash that much is read again, which is harmless. */
const CURSOR_LAG_MS = 200;
/** Entries forgotten, or searched, in one go: about a millisecond, then others get a turn. */
const TRIM_AT_ONCE = 500;
const SEARCH_AT_ONCE = 2_000;

export interface SqliteJournalOptions {
  readonly path: string;
  readonly synchronous: 'full' | 'normal';
}

export const sqliteJournal: JournalKind<SqliteJournalOptions> = {
  type: 'sqlite',
  summary: 'An embedded SQLite file: durable, one process, no server. The default.',
  options: z.strictObject({
    path: z.string().min(1).default('.tidemark/journal.db'),
    synchronous: z.enum(['full', 'normal']).default('full'),
  }),
  async open({ runtime, baseDir }: JournalContext, options): Promise<Journal> {
    const path = resolve(baseDir, options.path);
    const open = await loadSqlite();
    try {
      mkdirSync(dirname(path), { recursive: true });
    } catch (cause) {
      throw new TidemarkError('JOURNAL_OPEN_FAILED', path, { cause });
    }
    const db = openJournalFile(open, { path, synchronous: options.synchronous });
    try {
      return new SqliteJournal(runtime, path, db);
    } catch (error) {
      closeAfterError(db);
      throw journalError(error, path);
    }
  },
};

export class SqliteJournal implements Journal {
  readonly deadLetters: SqliteDeadLetters;
  #identity: JournalIdentity;
  readonly #runtime: Runtime;
  readonly #path: string;
  readonly #store: SqliteStore;
  readonly #history: History;
  readonly #cursors: Cursors;
  readonly #commits: GroupCommit;
  readonly #waiting = new Waiting();
  readonly #continuity = new Continuity();
  #head: Offset;
  #first: Offset;
  readonly #tail: Tail;
  /** Entries up to here may already be gone, while the transaction that forgets them is open. */
  #forgetting = 0;
  #cancelCursorTimer: (() => void) | undefined;
  #closed: Promise<void> | undefined;
  #trimming: Promise<number> = Promise.resolve(0);
  #bytes = 0;

  constructor(runtime: Runtime, path: string, db: SqliteDatabase) {
    this.#runtime = runtime;
    this.#path = path;
    this.#store = new SqliteStore(db);
    this.#identity = nextIdentity(this.#store.identity(), runtime);
    this.#store.saveIdentity(this.#identity);
    this.#history = new History(this.#store.histories());
    this.#cursors = new Cursors(this.#store.cursors());
    const { first, head } = this.#store.bounds();
    this.#first = first;
    this.#head = head;
    this.#tail = { offset: head };
    this.#commits = new GroupCommit(
      {
        begin: () => {
          this.#store.begin();
        },
        commit: () => {
          this.#commitGroup();
        },
        rollback: () => {
          this.#rollBackGroup();
        },
        explain: (error) => journalError(error, path),
      },
      runtime.clock,
    );
    this.deadLetters = new SqliteDeadLetters({ db, commits: this.#commits, runtime }, (read) => {
      this.#assertOpen();
      return this.#reading(read);
    });
  }

  get head(): Offset {
    return this.#head;
  }

  get first(): Offset {
    return this.#first;
  }

  append(batch: PlannedBatch): Promise<Appended> {
    return new Promise((resolve, reject) => {
      this.#assertOpen();
      this.#continuity.check(batch);
      const { deadLetters } = this;
      const target = { store: this.#store, history: this.#history, tail: this.#tail, deadLetters };
      const refuse = (error: Error): void => {
        this.#continuity.break(batch, error);
        reject(error);
      };
      this.#commits.add(new SqliteAppend(batch, target, resolve, refuse));
    });
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the seam is asynchronous, SQLite is not
  async read(after: Offset, limit: number): Promise<readonly Entry[]> {
    this.#assertOpen();
    const entries = this.#reading(() => this.#store.read(after, this.#head, limit));
    this.#assertWhole(after, limit, entries);
    return entries;
  }

  changed(after: Offset, signal: AbortSignal): Promise<void> {
    return this.#waiting.beyond(after, this.#head, signal);
  }

  get identity(): JournalIdentity {
    return this.#identity;
  }

  async renew(): Promise<void> {
    this.#assertOpen();
    const renewed = { ...this.#identity, epoch: this.#runtime.random.id() };
    await this.#commits.run(() => {
      this.#store.saveIdentity(renewed);
    });
    this.#identity = renewed;
  }

  settledAt(): Promise<Offset> {
    return Promise.resolve(this.#history.settled(this.#head));
  }

  resumeAt(source: SourceId): Promise<Resume | null> {
    this.#continuity.mend(source);
    return Promise.resolve(this.#history.resume(source));
  }

  async mentions(target: string, limit: number, within: number): Promise<readonly Entry[]> {
    const found: Entry[] = [];
    const oldest = Math.max(this.#first - 1, this.#head - within);
    const needle = JSON.stringify(target);
    for (let upTo: number = this.#head; upTo > oldest && found.length < limit; upTo -= SEARCH_AT_ONCE) {
      this.#assertOpen();
      const after = Math.max(oldest, upTo - SEARCH_AT_ONCE);
      // The text may occur elsewhere in an entry, so more candidates than `limit` may be needed.
      const candidates = this.#reading(() => this.#store.search(needle, after, upTo, SEARCH_AT_ONCE));
      found.push(...candidates.filter((entry) => entry.plan.actions.some((action) => action.target === target)));
      await this.#runtime.clock.turn();
    }
    return found.slice(0, limit);
  }

  cursor(consumer: string): Promise<Offset | null> {
    return Promise.resolve(this.#cursors.get(consumer));
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the seam is asynchronous, remembering is not
  async settle(consumer: string, offset: Offset): Promise<void> {
    this.#assertOpen();
    assert(offset <= this.#head, `J4: ${consumer} settles ${String(offset)} beyond the head ${String(this.#head)}`);
    if (!this.#cursors.settle(consumer, offset)) return;
    this.#cancelCursorTimer ??= this.#runtime.clock.after(CURSOR_LAG_MS, () => {
      this.#cancelCursorTimer = undefined;
      if (this.#cursors.dirty && !this.#closed) void this.#saveCursors();
    });
  }

  async keepCursors(consumers: readonly string[]): Promise<void> {
    this.#assertOpen();
    const forgotten = this.#cursors.keep(consumers);
    if (forgotten.length === 0) return;
    await this.#commits.run(() => {
      for (const consumer of forgotten) this.#store.dropCursor(consumer);
    });
  }

  trim(olderThan: Millis): Promise<number> {
    this.#trimming = this.#trimming.then(() => this.#trim(olderThan));
    const trimming = this.#trimming;
    this.#trimming = trimming.catch(() => 0);
    return trimming;
  }

  get report(): JournalReport {
    if (!this.#closed) this.#bytes = this.#store.bytes();
    return {
      type: 'sqlite',
      durable: true,
      entries: this.#head - this.#first + 1,
      bytes: this.#bytes,
      path: this.#path,
    };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#commits.idle();
    this.#cancelCursorTimer?.();
    if (this.#cursors.dirty) await this.#saveCursors();
    this.#reading(() => {
      try {
        this.#bytes = this.#store.bytes();
      } finally {
        this.#store.close();
      }
    });
  }

  async #trim(olderThan: Millis): Promise<number> {
    let forgotten = 0;
    for (;;) {
      this.#assertOpen();
      const from = this.#first - 1;
      const upTo = await this.#commits.run(() => {
        // Cursors become durable with every group, so one that is ahead of its row may be trusted here.
        const bound = Math.min(this.#head, this.#cursors.lowest, from + TRIM_AT_ONCE);
        const kept = this.#store.firstSince(olderThan, from, bound);
        const last = kept === null ? bound : kept - 1;
        if (last <= from) return last;
        this.#forgetting = last;
        this.#store.forget(last);
        return last;
      });
      if (upTo <= from) return forgotten;
      this.#first = (upTo + 1) as Offset;
      forgotten += upTo - from;
    }
  }

  async #saveCursors(): Promise<void> {
    try {
      await this.#commits.run(() => undefined);
    } catch (error) {
      this.#runtime.log.warn({ error, path: this.#path }, 'cursors could not be saved; they go with the next write');
    }
  }

  #commitGroup(): void {
    for (const [source, past] of this.#history.taken) this.#store.saveHistory(source, past);
    this.#cursors.save((consumer, offset) => {
      this.#store.saveCursor(consumer, offset);
    });
    this.#store.commit();
    this.#history.keep();
    this.#cursors.saved();
    this.#head = this.#tail.offset as Offset;
    this.#waiting.moved(this.#head);
  }

  #rollBackGroup(): void {
    this.#store.rollback();
    this.#history.drop();
    this.#tail.offset = this.#head;
  }

  /** Rows that have gone missing must not look like entries that never were. */
  #assertWhole(after: Offset, limit: number, entries: readonly Entry[]): void {
    const expected = Math.max(after, this.#forgetting, this.#first - 1) + 1;
    const oldest = entries[0]?.offset ?? expected;
    const newest = entries.at(-1)?.offset ?? oldest - 1;
    const isWhole = oldest <= expected && newest - oldest === entries.length - 1;
    if (isWhole && (entries.length >= limit || newest >= this.#head || after >= this.#head)) return;
    throw new TidemarkError('JOURNAL_CORRUPT', `${this.#path}: entries behind ${String(after)} are missing`);
  }

  #reading<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw journalError(error, this.#path);
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new TidemarkError('CLOSED');
  }
}
