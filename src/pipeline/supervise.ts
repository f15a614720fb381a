import { TidemarkError, type Reaction } from '../errors.ts';
import type { Journal } from '../journal/journal.ts';
import type { Appended } from '../model/entry.ts';
import type { Batch } from '../model/event.ts';
import {
  ORIGIN,
  type Epoch,
  type Millis,
  type Mono,
  type Offset,
  type Position,
  type Resume,
  type SourceId,
} from '../model/position.ts';
import { backoffMs } from '../runtime/backoff.ts';
import type { Observers } from '../runtime/observers.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Source, SourceItem } from '../sources/source.ts';
import { controlBatch, GAP } from './control.ts';

export interface FeedParts {
  readonly name: SourceId;
  readonly source: Source;
  readonly journal: Journal;
  readonly runtime: Runtime;
  readonly observers: Observers;
  readonly accept: (batch: Batch) => Promise<Appended>;
  /** All that readers of the source could see at `t0` is in the journal at or below `at`. */
  readonly proven: (at: Offset, t0: Mono, upTo: Resume | null) => void;
  /** Upstream has told from which snapshot on readers see everything that was in the journal before this session. */
  readonly horizon?: (epoch: Epoch, xid: string) => void;
}

export interface FeedReport {
  readonly running: boolean;
  readonly events: number;
  readonly lastEventAt: Millis | null;
  readonly restarts: number;
  readonly gaps: number;
  readonly lastError: { readonly code: string; readonly message: string; readonly at: Millis } | null;
  /** When it failed first since the journal last took something of it; `null` while it does not fail. */
  readonly failingSince: Millis | null;
  /** The newest gap, while nothing has proven what came after it. */
  readonly gap: { readonly code: string; readonly message: string; readonly at: Millis } | null;
}

const FIRST_REPORT: FeedReport = {
  running: false,
  events: 0,
  lastEventAt: null,
  restarts: 0,
  gaps: 0,
  lastError: null,
  failingSince: null,
  gap: null,
};

/**
 * Keeps one source flowing into the journal: reads, appends many at a time and in order, acknowledges what is durable,
 * and starts again after an error. Only here `reaction` decides what an error means.
 */
export class Feed {
  readonly #parts: FeedParts;
  /** Appends under way, oldest first: lets the journal commit many batches with one write to disk. */
  readonly #pending: Promise<void>[] = [];
  #report = FIRST_REPORT;
  #lastOffset = ORIGIN;
  #pendingEvents = 0;
  #failure: unknown = null;
  #stop = new AbortController();

  constructor(parts: FeedParts) {
    this.#parts = parts;
  }

  get report(): FeedReport {
    return this.#report;
  }

  /** Runs until the signal aborts, or another relay has taken over; everything read by then is durable and acknowledged when it resolves. */
  async run(signal: AbortSignal, term?: number): Promise<void> {
    const { name, runtime, observers } = this.#parts;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const events = this.#report.events;
      let reaction: Reaction = 'retry';
      try {
        await this.#readOnce(signal, term);
      } catch (error) {
        // It made progress: this is a new failure, not the last one going on.
        if (this.#report.events > events) attempt = 0;
        reaction = this.#note(error);
      }
      if (signal.aborted || reaction === 'yield') break;
      const wait = backoffMs(attempt, runtime.random, reaction === 'halt' ? HALTED : {});
      observers.tell('source:state', { source: name, state: 'waiting', retryInMs: Math.round(wait) });
      await runtime.clock.sleep(wait, signal);
      this.#report = { ...this.#report, restarts: this.#report.restarts + 1 };
    }
    this.#report = { ...this.#report, running: false };
  }

  async #readOnce(outer: AbortSignal, term: number | undefined): Promise<void> {
    const { name, source, journal, observers } = this.#parts;
    this.#failure = null;
    const stop = (this.#stop = new AbortController());
    const onAbort = (): void => {
      stop.abort();
    };
    outer.addEventListener('abort', onAbort, { once: true });
    try {
      const resume = await journal.resumeAt(name);
      observers.tell('source:state', { source: name, state: 'starting' });
      this.#report = { ...this.#report, running: true };
      for await (const item of source.open(resume, stop.signal, term)) {
        await this.#take(item);
        if (this.#failure !== null) break;
      }
      await this.#drain();
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- thrown on as it was caught
      if (this.#failure !== null) throw this.#failure;
    } finally {
      outer.removeEventListener('abort', onAbort);
      stop.abort();
      await this.#drain();
      this.#report = { ...this.#report, running: false };
    }
  }

  async #take(item: SourceItem): Promise<void> {
    const { name, runtime, accept, proven, horizon } = this.#parts;
    switch (item.kind) {
      case 'batch':
        this.#count(item.batch);
        this.#pendingEvents += item.batch.events.length;
        this.#follow(
          accept(item.batch).finally(() => {
            this.#pendingEvents -= item.batch.events.length;
          }),
          item.batch.commit ? item.batch.position : null,
        );
        while (this.#pending.length >= APPENDS_MAX || this.#pendingEvents >= EVENTS_MAX) await this.#pending[0];
        return;
      case 'proof':
        this.#after(() => {
          if (this.#report.gap !== null) this.#report = { ...this.#report, gap: null };
          proven(this.#lastOffset, item.t0, item.upTo ?? null);
        });
        return;
      case 'horizon':
        this.#after(() => {
          horizon?.(item.epoch, item.xid);
        });
        return;
      case 'gap': {
        await this.#drain();
        if (this.#failure !== null) return;
        const gap = { code: item.code, message: item.reason, at: runtime.clock.now() };
        this.#report = { ...this.#report, gaps: this.#report.gaps + 1, gap };
        runtime.metrics.gaps.inc({ source: name });
        runtime.log.error({ source: name, code: item.code }, `history may be missing: ${item.reason}`);
        const id = `gap-${item.resume.epoch}-${item.resume.position}`;
        const data = { code: item.code, reason: item.reason };
        const event = { id, type: GAP, source: name, data };
        const { epoch, position } = item.resume;
        this.#follow(
          accept({
            ...controlBatch({ source: name, epoch, position, event, receivedAt: runtime.clock.now() }),
            restart: true,
          }),
          position,
        );
        return;
      }
    }
  }

  /** After the append: remembers its offset and acknowledges upstream, in the order in which the batches came. */
  #follow(append: Promise<Appended>, position: Position | null): void {
    const before = this.#pending.at(-1);
    const followed = append.then(async ({ offset }) => {
      await before;
      if (this.#failure !== null) return;
      this.#gave();
      if (offset > this.#lastOffset) this.#lastOffset = offset;
      if (position !== null) await this.#parts.source.ack(position);
    });
    this.#push(followed);
  }

  #after(run: () => void): void {
    const before = this.#pending.at(-1) ?? Promise.resolve();
    this.#push(
      before.then(() => {
        if (this.#failure !== null) return;
        this.#gave();
        run();
      }),
    );
  }

  /** Something of it is durable, or proven. */
  #gave(): void {
    if (this.#report.failingSince !== null) this.#report = { ...this.#report, failingSince: null };
  }

  #push(work: Promise<void>): void {
    const settled = work
      .catch((error: unknown) => {
        this.#failure ??= error;
        this.#stop.abort();
      })
      .finally(() => {
        const at = this.#pending.indexOf(settled);
        if (at >= 0) void this.#pending.splice(at, 1);
      });
    this.#pending.push(settled);
  }

  async #drain(): Promise<void> {
    while (this.#pending.length > 0) await this.#pending[0];
  }

  #count(batch: Batch): void {
    this.#report = {
      ...this.#report,
      events: this.#report.events + batch.events.length,
      lastEventAt: this.#parts.runtime.clock.now(),
    };
  }

  #note(error: unknown): Reaction {
    const { name, runtime, observers } = this.#parts;
    const code = error instanceof TidemarkError ? error.code : 'SOURCE_FAILED';
    const message = error instanceof Error ? error.message : String(error);
    const at = runtime.clock.now();
    const failingSince = this.#report.failingSince ?? at;
    this.#report = { ...this.#report, lastError: { code, message, at }, failingSince };
    runtime.metrics.sourceRestarts.inc({ source: name, code });
    runtime.log.warn({ source: name, code, err: error }, `source stopped and will be started again: ${message}`);
    observers.tell('source:state', { source: name, state: 'failed', code, message });
    return error instanceof TidemarkError ? error.reaction : 'retry';
  }
}

/** Appends under way at a time: enough for the journal to fill a group commit, few enough to bound memory. */
const APPENDS_MAX = 256;

/** Events in those appends, so that large transactions bound memory as small ones do. */
const EVENTS_MAX = 8_192;

/** A person has to act first; look again now and then, so that nobody has to restart Tidemark as well. */
const HALTED = { minMs: 5_000, maxMs: 30_000 };
