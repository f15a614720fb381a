import { assert, TidemarkError } from '../../errors.ts';
import type { Appended, Entry, PlannedBatch } from '../../model/entry.ts';
import type { Millis, Offset, Resume, SourceId } from '../../model/position.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { Continuity } from '../continuity.ts';
import { nextIdentity } from '../identity.ts';
import type { Journal, JournalIdentity, JournalReport } from '../journal.ts';
import { Waiting } from '../waiting.ts';
import { checkOwned } from './draft.ts';
import { NatsCursors } from './cursors.ts';
import { Entries } from './entries.ts';
import { NatsDeadLetters } from './letters.ts';
import type { Link } from './link.ts';
import { LogState } from './log-state.ts';
import { NatsRelays } from './relays.ts';
import { checkpointPlace, Retention, type Sizes } from './retention.ts';
import { Tail, type CheckpointPlace } from './tail.ts';
import { LogWriter } from './writer.ts';

/** How long `close` waits for what was asked for before it. */
const CLOSE_MS = 5_000;
/** Entries searched in one go. */
const SEARCH_AT_ONCE = 2_000;

export interface NatsJournalParts {
  readonly runtime: Runtime;
  readonly link: Link;
  readonly idsMax: number;
  readonly sizes: Sizes;
}

/** Tidemark's journal in a stream of NATS JetStream, which several daemons may have open. */
export class NatsJournal implements Journal {
  readonly deadLetters: NatsDeadLetters;
  readonly relays: NatsRelays;
  readonly #runtime: Runtime;
  readonly #link: Link;
  readonly #state: LogState;
  readonly #tail: Tail;
  readonly #entries: Entries;
  readonly #writer: LogWriter;
  readonly #retention: Retention;
  readonly #cursors: NatsCursors;
  readonly #continuity = new Continuity();
  readonly #waiting = new Waiting();
  #life = 0;
  #closed: Promise<void> | undefined;
  #trimming: Promise<number> = Promise.resolve(0);

  private constructor({ runtime, link, idsMax, sizes }: NatsJournalParts, place: CheckpointPlace | null) {
    this.#runtime = runtime;
    this.#link = link;
    this.#state = new LogState(runtime, idsMax);
    this.#tail = new Tail(this.#state, place, {
      added: (entries, characters) => {
        this.#entries.add(entries, characters);
      },
      restored: () => {
        this.#entries.restart(this.#state.head);
      },
      moved: () => {
        this.#waiting.moved(this.#tail.failed ? Infinity : this.#state.head);
      },
    });
    this.#entries = new Entries(link, this.#tail);
    this.#writer = new LogWriter(link, this.#tail, runtime);
    this.#retention = new Retention(
      { link, tail: this.#tail, writer: this.#writer, entries: this.#entries },
      place,
      sizes,
    );
    this.#cursors = new NatsCursors(link, runtime);
    this.deadLetters = new NatsDeadLetters(this.#state, this.#writer, () => {
      this.#assertOpen();
    });
    this.relays = new NatsRelays({ runtime, link, state: this.#state, writer: this.#writer, entries: this.#entries });
  }

  /** Reads the log to its end, and begins a life. Closes the link when it cannot. */
  static async open(parts: NatsJournalParts): Promise<NatsJournal> {
    const { link } = parts;
    try {
      const place = await checkpointPlace(link);
      const { first, last } = await link.bounds(0);
      const begins = place?.seq ?? 1;
      if (last > 0 && (first > begins || last < begins - 1))
        throw new TidemarkError('JOURNAL_CORRUPT', `${link.stream} begins at message ${first}, not at ${begins}`);
      const journal = new NatsJournal(parts, place);
      await journal.#begin(last);
      return journal;
    } catch (error) {
      await link.close();
      throw error;
    }
  }

  get head(): Offset {
    return this.#state.head;
  }

  get first(): Offset {
    return this.#state.first;
  }

  get identity(): JournalIdentity {
    return { epoch: this.#state.epoch, life: this.#life };
  }

  async append(batch: PlannedBatch): Promise<Appended> {
    this.#assertOpen();
    const { source, position } = batch;
    const work = `source:${source}`;
    checkOwned(batch, this.#state.terms.get(work), this.relays.termOf(work));
    this.#continuity.check(batch);
    try {
      if (this.#link.isNearlyFull) throw new TidemarkError('NATS_STREAM_FULL', `${this.#link.bytes} bytes`);
      const appended = await this.#writer.write(
        (draft) => draft.append(batch, this.relays.termOf(work)),
        position === null ? null : source,
      );
      this.#checkpointIfLong();
      return appended;
    } catch (error) {
      this.#continuity.break(batch, error);
      throw error;
    }
  }

  async read(after: Offset, limit: number): Promise<readonly Entry[]> {
    this.#assertOpen();
    return this.#entries.read(after, limit);
  }

  changed(after: Offset, signal: AbortSignal): Promise<void> {
    return this.#waiting.beyond(after, this.#tail.failed ? Infinity : this.#state.head, signal);
  }

  async renew(): Promise<void> {
    this.#assertOpen();
    const epoch = this.#runtime.random.id();
    await this.#writer.write((draft) => {
      draft.add({ kind: 'renewed', epoch });
    });
  }

  settledAt(): Promise<Offset> {
    return Promise.resolve(this.#state.history.settled(this.#state.head));
  }

  resumeAt(source: SourceId): Promise<Resume | null> {
    this.#continuity.mend(source);
    return Promise.resolve(this.#state.history.resume(source));
  }

  async mentions(target: string, limit: number, within: number): Promise<readonly Entry[]> {
    const found: Entry[] = [];
    const oldest = Math.max(this.first - 1, this.head - within);
    for (let upTo: number = this.head; upTo > oldest && found.length < limit; upTo -= SEARCH_AT_ONCE) {
      const after = Math.max(oldest, upTo - SEARCH_AT_ONCE);
      const page = await this.read(after as Offset, upTo - after);
      const naming = page.filter(({ plan }) => plan.actions.some((action) => action.target === target));
      found.push(...naming.reverse());
    }
    return found.slice(0, limit);
  }

  cursor(consumer: string): Promise<Offset | null> {
    return this.#cursors.get(consumer);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the seam is asynchronous, remembering is not
  async settle(consumer: string, offset: Offset): Promise<void> {
    this.#assertOpen();
    assert(offset <= this.head, `J4: ${consumer} settles ${offset} beyond the head ${this.head}`);
    this.#cursors.settle(consumer, offset);
  }

  keepCursors(consumers: readonly string[]): Promise<void> {
    return this.#cursors.keep(consumers);
  }

  trim(olderThan: Millis): Promise<number> {
    const trimming = this.#trimming.then(async () => {
      this.#assertOpen();
      return this.#retention.trim(olderThan, await this.#cursors.lowest());
    });
    this.#trimming = trimming.catch(() => 0);
    return trimming;
  }

  get report(): JournalReport {
    const { stream, bytes } = this.#link;
    return { type: 'nats', durable: true, entries: this.head - this.first + 1, bytes, path: stream };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #begin(last: number): Promise<void> {
    void this.#link.follow(
      () => this.#tail.seq,
      (...message) => {
        this.#tail.take(...message);
      },
      (error) => {
        this.#tail.fail(error);
      },
    );
    await this.#tail.reached(last);
    this.#life = await this.#writer.write((draft) => {
      const before = { epoch: draft.state.epoch, life: draft.highest };
      const { epoch, life } = nextIdentity(before.epoch === '' ? null : before, this.#runtime);
      draft.add({ kind: 'life', life, epoch });
      return life;
    });
  }

  async #close(): Promise<void> {
    const { clock } = this.#runtime;
    const waited = new AbortController();
    this.relays.close();
    await Promise.race([this.#writer.idle(), clock.sleep(CLOSE_MS, waited.signal)]);
    waited.abort();
    this.#writer.stop();
    await this.#writer.idle();
    await this.#cursors.close();
    await this.#link.close();
  }

  #checkpointIfLong(): void {
    this.#retention.checkpointIfLong().catch((error: unknown) => {
      this.#runtime.log.warn({ error, stream: this.#link.stream }, 'no checkpoint could be written; it is tried again');
    });
  }

  #assertOpen(): void {
    if (this.#closed) throw new TidemarkError('CLOSED');
    if (this.#tail.failed) throw this.#tail.failed;
  }
}
