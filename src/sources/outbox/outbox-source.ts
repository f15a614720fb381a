import { TidemarkError } from '../../errors.ts';
import type { Batch } from '../../model/event.ts';
import type { Epoch, Mono, Position, Resume, SourceId } from '../../model/position.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { SqliteOpen } from '../../runtime/sqlite.ts';
import type { Source, SourceItem, SourceReport } from '../source.ts';
import { beginning, judge, type Finding, type Place } from './continuity.ts';
import { eventOf } from './event.ts';
import type { OutboxOptions } from './options.ts';
import { isBusy, NotReady, OutboxFile, type Page } from './outbox-file.ts';
import { idOf, positionOf } from './position.ts';

/** Proofs come this often while nothing happens: a few within the smallest staleness that is worth asking for. */
const PROOF_EVERY_MS = 100;
/** Acknowledged rows are deleted this often: each time is a write to the application's file, and a flush of its disk. */
const DELETE_EVERY_MS = 250;
/** Rows deleted at a time: less than a millisecond of holding the application's write lock. */
const DELETE_AT_ONCE = 1_000;

type Look =
  { readonly kind: 'nothing' | 'end' } | { readonly kind: 'page'; readonly page: Page; readonly version: number };
type Gap = Extract<Finding, { kind: 'gap' }>;

export interface OutboxParts {
  readonly name: SourceId;
  readonly runtime: Runtime;
  readonly open: SqliteOpen;
  /** Absolute. */
  readonly path: string;
  readonly options: OutboxOptions;
}

/**
 * Polls an outbox table. What a look finds is visible to every new reader, so it needs no gate; and a look that finds
 * the end proves that everything visible when it began has been yielded.
 */
export class OutboxSource implements Source {
  readonly #parts: OutboxParts;
  #report: SourceReport = { state: 'starting' };
  #file: OutboxFile | undefined;
  #place: Place | undefined;
  /** The file's version at which a look found the end; `null` when there may be more. */
  #endVersion: number | null = null;
  /** Looks that failed since the last that did not. */
  #failures = 0;
  /** Rows up to here are in the journal. */
  #acknowledged = 0;
  /** Rows up to here have been deleted. */
  #deleted = 0;
  #deletedAt: Mono = -Infinity;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  async *open(after: Resume | null, signal: AbortSignal): AsyncGenerator<SourceItem, void, void> {
    const { runtime, options } = this.#parts;
    this.#place = after ? { epoch: after.epoch, last: idOf(after.position) } : undefined;
    this.#acknowledged = this.#place?.last ?? 0;
    this.#endVersion = null;
    this.#failures = 0;
    let provenAt: Mono = -Infinity;
    while (!signal.aborted) {
      const t0 = runtime.clock.mono();
      const look = this.#look();
      if (look.kind === 'page') {
        const item = this.#itemOf(look.page, look.version);
        if (item) {
          provenAt = -Infinity;
          yield item;
        }
        this.#deleteSome();
        if (this.#endVersion === null) continue;
      }
      if (look.kind !== 'nothing' && t0 - provenAt >= PROOF_EVERY_MS) {
        provenAt = t0;
        yield { kind: 'proof', t0 };
      }
      this.#deleteSome();
      await runtime.clock.sleep(options.interval, signal);
    }
    this.#report = { state: 'stopped' };
  }

  ack(upTo: Position): Promise<void> {
    // Never beyond what was yielded of the table as it is now: after a gap, one of the table before it may still come.
    const id = Math.min(idOf(upTo), this.#place?.last ?? 0);
    this.#acknowledged = Math.max(this.#acknowledged, id);
    return Promise.resolve();
  }

  /** Asked of the file itself: what was committed on any connection is there. */
  position(): Promise<Resume> {
    try {
      const end = this.#readyFile()?.end();
      if (end) return Promise.resolve({ epoch: end.epoch, position: positionOf(end.sequence) });
      return Promise.reject(new TidemarkError('POSITION_UNKNOWN', this.#report.detail));
    } catch (error) {
      return Promise.reject(this.#unreadable(error));
    }
  }

  report(): SourceReport {
    return this.#report;
  }

  async close(): Promise<void> {
    this.#deletedAt = -Infinity;
    while (this.#deleteSome()) {
      this.#deletedAt = -Infinity;
      await this.#parts.runtime.clock.turn();
    }
    this.#file?.close();
    this.#file = undefined;
    this.#report = { state: 'stopped' };
  }

  #look(): Look {
    try {
      const file = this.#readyFile();
      if (!file) return { kind: 'nothing' };
      const version = file.dataVersion();
      if (version === this.#endVersion) return { kind: 'end' };
      const page = file.page(this.#place?.last ?? 0, this.#parts.options.batch);
      this.#failures = 0;
      return { kind: 'page', page, version };
    } catch (error) {
      if (isBusy(error)) return { kind: 'nothing' };
      this.#letGo();
      // A table that was dropped a moment ago looks like a broken file: look again before saying so.
      if (error instanceof TidemarkError || ++this.#failures > 1) throw this.#unreadable(error);
      return { kind: 'nothing' };
    }
  }

  /** What a page comes to; `null` when there is nothing new in it. */
  #itemOf(page: Page, version: number): SourceItem | null {
    const { options } = this.#parts;
    const place = (this.#place ??= { epoch: page.epoch, last: beginning(page) });
    const finding = judge(place, page);
    if (finding.kind === 'gap') return this.#gap(page.epoch, finding);
    const last = place.last + finding.count;
    this.#place = { epoch: place.epoch, last };
    const isEnd = page.rows.length < options.batch && last === page.sequence;
    this.#endVersion = isEnd ? version : null;
    return finding.count > 0 ? { kind: 'batch', batch: this.#batch(page, finding.count, last) } : null;
  }

  #batch(page: Page, count: number, last: number): Batch {
    const { name, runtime } = this.#parts;
    return {
      source: name,
      epoch: page.epoch,
      position: positionOf(last),
      first: 0,
      commit: true,
      events: page.rows.slice(0, count).map((row) => eventOf(row, name, page.epoch)),
      receivedAt: runtime.clock.now(),
    };
  }

  #gap(epoch: Epoch, { code, reason, last, renew }: Gap): SourceItem {
    const place = { epoch: renew ? this.#renewed(epoch) : epoch, last };
    this.#place = place;
    this.#acknowledged = last;
    this.#deleted = 0;
    this.#endVersion = null;
    return { kind: 'gap', code, reason, resume: { epoch: place.epoch, position: positionOf(last) } };
  }

  #renewed(epoch: Epoch): Epoch {
    const renewed = this.#parts.runtime.random.id();
    try {
      this.#file?.renew(renewed);
      return renewed;
    } catch (error) {
      this.#parts.runtime.log.warn({ err: error, path: this.#parts.path }, 'the outbox could not be given a new epoch');
      return epoch;
    }
  }

  /** The file and table as they are now; `undefined` while there are none. */
  #readyFile(): OutboxFile | undefined {
    const { open, path, options } = this.#parts;
    if (this.#file?.isCurrent) return this.#file;
    this.#letGo();
    const opened = OutboxFile.open(open, path, options.table, options.create);
    if (opened instanceof NotReady) {
      this.#report = { state: 'waiting', detail: opened.reason };
      return undefined;
    }
    this.#file = opened;
    const warnings = opened.journalMode === 'wal' ? [] : [`${path} is not in WAL mode: ${NOT_WAL}`];
    this.#report = { state: 'streaming', ...(warnings.length > 0 && { warnings }) };
    return opened;
  }

  #letGo(): void {
    this.#file?.close();
    this.#file = undefined;
    this.#endVersion = null;
    this.#deleted = 0;
  }

  /** Deletes some of what was acknowledged, if it is time to; false when there is nothing more to delete now. */
  #deleteSome(): boolean {
    const { runtime, options } = this.#parts;
    const now = runtime.clock.mono();
    if (options.keep || !this.#file || this.#acknowledged <= this.#deleted) return false;
    if (now - this.#deletedAt < DELETE_EVERY_MS) return false;
    this.#deletedAt = now;
    try {
      const upTo = this.#acknowledged;
      const isMore = this.#file.delete(upTo, DELETE_AT_ONCE) === DELETE_AT_ONCE;
      if (!isMore) this.#deleted = upTo;
      return isMore;
    } catch (error) {
      // They stay until the next time; the journal knows them, so they are not read again.
      if (!isBusy(error))
        runtime.log.warn({ err: error, path: this.#parts.path }, 'rows of the outbox could not be deleted');
      return false;
    }
  }

  #unreadable(error: unknown): TidemarkError {
    if (error instanceof TidemarkError) return error;
    const { path } = this.#parts;
    const message = error instanceof Error ? error.message : String(error);
    return new TidemarkError('OUTBOX_UNREADABLE', `${path}: ${message}`, { cause: error });
  }
}

const NOT_WAL =
  'each commit of the application keeps this source out, and each look keeps the application from committing; run PRAGMA journal_mode = WAL once';
