import { TidemarkError } from '../errors.ts';
import type { Batch, ChangeEvent } from '../model/event.ts';
import type { Position, Resume, SourceId } from '../model/position.ts';
import type { SimulatedClock } from '../runtime/simulated-time.ts';
import { Echoes } from '../sources/postgres/echoes.ts';
import { Gate } from '../sources/postgres/gate.ts';
import { fromPosition, toPosition } from '../sources/postgres/lsn.ts';
import { Outlet } from '../sources/postgres/outlet.ts';
import type { SourceItem } from '../sources/source.ts';
import type { Database, LogRecord, Tx } from './database.ts';
import { startFeed, type FeedStarted, type Gap } from './feed-start.ts';
import { Link, type Wire } from './link.ts';
import type { Sabotage } from './sabotage.ts';

/** The server says that it is there this often, and is taken for dead after a few times without. */
const KEEPALIVE_MS = 200;
const SILENT_MS = 1_000;

export interface FeedOptions {
  readonly name: SourceId;
  readonly clock: SimulatedClock;
  readonly database: Database;
  readonly wire: Wire;
  readonly heartbeatMs: number;
  readonly signal: AbortSignal;
  readonly sabotages: ReadonlySet<Sabotage>;
  /** Tells this session's echoes from those of others. */
  readonly nonce: string;
}

/**
 * One stay at the simulated database. How the story goes on, what waits for visibility and when an echo proves are
 * decided by the code of the PostgreSQL source; only the connection and the server behind it are simulated.
 */
export class FeedSession {
  readonly #options: FeedOptions;
  readonly #link: Link;
  readonly #started: FeedStarted;
  readonly #echoes = new Echoes();
  readonly #outlet: Outlet;
  readonly #gate: Gate | null;
  #endStream: () => void = () => undefined;
  #heardAt: number;
  #sent = 0;
  #received = 0;
  #closed = false;

  private constructor(options: FeedOptions, link: Link, started: FeedStarted) {
    const { clock, database, sabotages } = options;
    this.#options = options;
    this.#link = link;
    this.#started = started;
    this.#heardAt = clock.mono();
    this.#gate = sabotages.has('gate-off')
      ? null
      : new Gate({
          clock,
          snapshot: () => link.call(() => database.snapshot()),
          changed: () => {
            this.#outlet.reconsider();
          },
          failed: this.#fail,
        });
    const ignore = (): void => undefined;
    const { epoch } = started;
    this.#outlet = new Outlet({ gate: this.#gate, echoes: this.#echoes, epoch, full: ignore, drained: ignore });
    link.onBreak = this.#fail;
  }

  static async open(options: FeedOptions, after: Resume | null, keep: (link: Link) => void): Promise<FeedSession> {
    const { clock, database, wire } = options;
    const link = new Link(wire, clock, database);
    keep(link);
    try {
      const session = new FeedSession(options, link, await startFeed(link, after, options));
      await session.#stream();
      return session;
    } catch (error) {
      link.close();
      throw error;
    }
  }

  get gap(): Gap | null {
    return this.#started.gap;
  }

  next(): Promise<SourceItem | null> {
    return this.#outlet.next();
  }

  acknowledge(position: Position): void {
    const { database, wire } = this.#options;
    const end = Number(fromPosition(position) ?? 0n);
    const { timeline } = database;
    wire.time.after(wire.draw.long(0, wire.wireMs), () => {
      const { slot } = database;
      if (slot && database.timeline === timeline && !this.#closed) slot.confirmed = Math.max(slot.confirmed, end);
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#endStream();
    this.#gate?.stop();
    this.#outlet.finish();
    this.#link.close();
  }

  async #stream(): Promise<void> {
    const { database, signal } = this.#options;
    const { timeline, from } = this.#started;
    const hasStarted = await this.#link.call(() => {
      if (database.timeline !== timeline) return false;
      this.#endStream = database.stream(from, (record) => {
        this.#send(record);
      });
      this.#keepAlive();
      return true;
    });
    if (!hasStarted) throw new TidemarkError('POSTGRES_UNREACHABLE', 'the server was replaced');
    signal.addEventListener('abort', () => {
      this.close();
    });
    if (signal.aborted) this.close();
    else this.#beat();
  }

  #send(record: LogRecord): void {
    const { wire, sabotages, clock } = this.#options;
    const { conditions } = wire;
    if (clock.dead) {
      this.#endStream();
      return;
    }
    if (sabotages.has('event-omitted') && record.kind === 'tx' && record.tx.id % 100 === 50) return;
    const number = ++this.#sent;
    if (conditions.take('feed-loss')) return;
    this.#link.push(() => {
      this.#heardAt = this.#options.clock.mono();
      if (number !== ++this.#received) {
        this.#fail(new TidemarkError('POSTGRES_UNREACHABLE', 'a message is missing'));
        return;
      }
      this.#receive(record);
    });
  }

  #receive(record: LogRecord): void {
    if (record.kind === 'message') {
      const [nonce, id] = record.text.split(':');
      if (nonce === this.#options.nonce) this.#outlet.push({ kind: 'echo', id: Number(id), upTo: BigInt(record.end) });
      return;
    }
    const { tx } = record;
    const { parts, events } = tx.change;
    if (parts > 1) this.#options.wire.conditions.tally.hit('transaction-parts');
    let first = 0;
    for (let part = 1; part < parts; part++) {
      const until = Math.floor((events.length * part) / parts);
      const commit = this.#options.sabotages.has('part-as-commit');
      this.#outlet.push({ kind: 'batch', batch: this.#batch(tx, first, until, commit), upTo: null, bytes: 100 });
      first = until;
    }
    const batch = this.#batch(tx, first, events.length, true);
    const upTo = BigInt(tx.end);
    this.#outlet.push({ kind: 'commit', batch, upTo, bytes: 100, xid: tx.xid });
    if (this.#options.wire.conditions.take('feed-duplicate')) {
      this.#outlet.push({ kind: 'commit', batch, upTo, bytes: 100, xid: tx.xid });
    }
  }

  #batch(tx: Tx, first: number, until: number, commit: boolean): Batch {
    const { name, clock } = this.#options;
    const events = tx.change.events.slice(first, until).map((event, i): ChangeEvent => ({
      ...event,
      id: `t${tx.id}.${first + i}`,
      source: name,
    }));
    const position = toPosition(BigInt(tx.end));
    return { source: name, epoch: this.#started.epoch, position, first, commit, events, receivedAt: clock.now() };
  }

  #keepAlive(): void {
    const { wire } = this.#options;
    wire.time.after(KEEPALIVE_MS, () => {
      if (this.#closed || this.#options.clock.dead) return;
      this.#link.push(() => {
        this.#heardAt = this.#options.clock.mono();
      });
      this.#keepAlive();
    });
  }

  #beat(): void {
    const { clock, heartbeatMs } = this.#options;
    if (this.#closed) return;
    if (clock.mono() - this.#heardAt > SILENT_MS) {
      this.#fail(new TidemarkError('POSTGRES_SILENT'));
      return;
    }
    void this.#echo();
    clock.after(heartbeatMs, () => {
      this.#beat();
    });
  }

  async #echo(): Promise<void> {
    const { clock, database, nonce, sabotages } = this.#options;
    const id = this.#echoes.begin(clock.mono());
    if (id === null) return;
    try {
      await this.#link.call(() => {
        database.message(`${nonce}:${id}`);
      });
      this.#echoes.confirm(id);
      if (sabotages.has('proof-before-applied')) this.#echoes.passed(id, BigInt(database.head));
      this.#outlet.reconsider();
    } catch (error) {
      this.#fail(error);
    }
  }

  readonly #fail = (error: unknown): void => {
    if (!this.#closed) this.#outlet.fail(error);
  };
}
