import { TidemarkError } from '../../errors.ts';
import type { Position, Resume, SourceId } from '../../model/position.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { SourceItem } from '../source.ts';
import { Checkpoints } from './checkpoints.ts';
import { horizon } from './barrier.ts';
import { coverageHash, coverageSql } from './coverage.ts';
import { Echoes } from './echoes.ts';
import { Gate } from './gate.ts';
import { fromPosition, LSN_ZERO, parseLsn, type Lsn } from './lsn.ts';
import { Outlet } from './outlet.ts';
import { decodePgoutput } from './pgoutput.ts';
import { POSITION_SQL, readPosition, type PositionRow } from './position.ts';
import { Sql } from './sql.ts';
import { prepare, type Connections, type Started, type StartOptions } from './start.ts';
import { ECHO_PREFIX, Transactions } from './transactions.ts';
import { Walsender } from './walsender.ts';
import { WholeXids } from './whole-xids.ts';

export interface SessionOptions extends StartOptions {
  readonly source: SourceId;
  readonly runtime: Runtime;
  readonly url: string;
  readonly heartbeatMs: number;
  readonly gate: boolean;
  readonly messages: ReadonlySet<string>;
  readonly nonce: string;
}

/** Since 17 an echo can be flushed on its own; before, it must be a transaction, whose commit flushes. */
const FLUSH_ARGUMENT_SINCE = 170_000;

/** One stay on the server: from connecting until something breaks or the signal aborts. */
export class Session {
  readonly #options: SessionOptions;
  readonly #connections: Connections;
  readonly #started: Started;
  readonly #echoes = new Echoes();
  readonly #outlet: Outlet;
  readonly #transactions: Transactions;
  readonly #checkpoints: Checkpoints;
  readonly #gate: Gate | null;
  #head: Lsn = LSN_ZERO;
  #echoing = false;
  #closed = false;
  #cancelBeat: () => void = () => undefined;

  private constructor(options: SessionOptions, connections: Connections, started: Started) {
    const { runtime, source, entities, messages, nonce } = options;
    this.#options = options;
    this.#connections = connections;
    this.#started = started;
    const { clock } = runtime;
    this.#gate = options.gate
      ? new Gate({
          clock,
          snapshot: () => this.#snapshot(),
          changed: () => {
            this.#outlet.reconsider();
          },
          failed: this.#fail,
        })
      : null;
    this.#outlet = new Outlet({
      gate: this.#gate,
      echoes: this.#echoes,
      epoch: started.epoch,
      full: () => {
        connections.walsender.pause();
      },
      drained: () => {
        connections.walsender.resume();
      },
    });
    const { epoch, from } = started;
    this.#checkpoints = new Checkpoints({ source, epoch, clock, from });
    this.#transactions = new Transactions({
      source,
      epoch,
      entities,
      messages,
      nonce,
      xids: new WholeXids(started.nearXid),
      now: () => clock.now(),
      emit: (arrival) => {
        this.#outlet.push(arrival);
        if (arrival.kind !== 'echo' && arrival.upTo !== null) this.#checkpoints.moved(arrival.upTo);
      },
    });
  }

  static async open(options: SessionOptions, after: Resume | null): Promise<Session> {
    const connections = await connectAll(options);
    try {
      const started = await prepare(connections, after, options);
      const session = new Session(options, connections, started);
      await session.#stream();
      return session;
    } catch (error) {
      closeAll(connections);
      throw error;
    }
  }

  get warnings(): readonly string[] {
    return this.#started.warnings;
  }

  get heldBack(): number | null {
    return this.#outlet.heldBack;
  }

  get gap(): SourceItem | null {
    return this.#started.gap && { kind: 'gap', ...this.#started.gap };
  }

  /** Bytes of log that the server has and that have not gone out. */
  get lagBytes(): number {
    const { received } = this.#connections.walsender;
    const caughtUp = this.#outlet.empty && this.#transactions.idle;
    const done = caughtUp ? received : (this.#outlet.upTo ?? this.#started.from);
    return this.#head > done ? Number(this.#head - done) : 0;
  }

  next(): Promise<SourceItem | null> {
    return this.#outlet.next();
  }

  async position(): Promise<Resume> {
    return readPosition(await this.#connections.control.row<PositionRow>(POSITION_SQL));
  }

  acknowledge(position: Position): void {
    const lsn = fromPosition(position);
    if (lsn !== null) this.#connections.walsender.acknowledge(lsn);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelBeat();
    this.#gate?.stop();
    this.#outlet.finish();
    closeAll(this.#connections);
  }

  async #stream(): Promise<void> {
    const { slot, publication, signal } = this.#options;
    await this.#connections.walsender.stream({
      slot,
      publication,
      from: this.#started.from,
      message: (bytes, at) => {
        this.#transactions.take(decodePgoutput(bytes, at), bytes.length - at);
      },
      keepalive: (walEnd) => {
        this.#checkpoint(walEnd);
      },
      failed: this.#fail,
    });
    signal.addEventListener('abort', () => {
      this.close();
    });
    if (signal.aborted) this.close();
    else {
      this.#beat();
      void this.#reach();
    }
  }

  /** Streaming does not wait for it: until it is there, only loads that need it go without a stamp. */
  async #reach(): Promise<void> {
    const { clock, signal } = this.#options;
    try {
      const xid = await horizon(this.#connections.control, { clock, signal, waiting: () => undefined });
      if (!signal.aborted) this.#outlet.reach(xid);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Nothing of ours lies before `walEnd` any more: the journal may be told, so that the slot does not pin the log. */
  #checkpoint(walEnd: Lsn): void {
    const batch = this.#transactions.idle ? this.#checkpoints.due(walEnd) : null;
    if (batch) this.#outlet.push({ kind: 'batch', batch, upTo: walEnd, bytes: 0 });
  }

  #beat(): void {
    void this.#echo();
    this.#cancelBeat = this.#options.clock.after(this.#options.heartbeatMs, () => {
      this.#beat();
    });
  }

  /** Writes an echo, and looks in the same statement whether the feed still covers what it covered. */
  async #echo(): Promise<void> {
    if (this.#echoing || this.#closed) return;
    const id = this.#echoes.begin(this.#options.clock.mono());
    if (id === null) return;
    const { publication, entities, nonce } = this.#options;
    const emit = this.#started.server.version >= FLUSH_ARGUMENT_SINCE ? 'false, $1, $2, true' : 'true, $1, $2';
    this.#echoing = true;
    try {
      const row = await this.#connections.control.row<{ head: string; coverage: string | null }>(
        `select pg_logical_emit_message(${emit})::text as echo, pg_current_wal_lsn()::text as head,
           ${coverageSql(publication, [...entities.keys()])} as coverage`,
        [ECHO_PREFIX, `${nonce}:${id}`],
      );
      this.#head = parseLsn(row?.head ?? '') ?? this.#head;
      if (coverageHash(row?.coverage ?? '') !== this.#started.coverage) {
        throw new TidemarkError('POSTGRES_COVERAGE_CHANGED', [...entities.keys()].join(', '));
      }
      this.#echoes.confirm(id);
      this.#outlet.reconsider();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#echoing = false;
    }
  }

  async #snapshot(): Promise<string> {
    const row = await this.#connections.aside.row<{ snapshot: string }>(
      'select pg_current_snapshot()::text as snapshot',
    );
    return row?.snapshot ?? '';
  }

  readonly #fail = (error: unknown): void => {
    if (!this.#closed) this.#outlet.fail(error);
  };
}

async function connectAll({ url, applicationName, clock, signal }: SessionOptions): Promise<Connections> {
  const opened: { close(): void }[] = [];
  const keep = <C extends { close(): void }>(connection: C): C => {
    opened.push(connection);
    return connection;
  };
  try {
    const control = keep(await Sql.connect({ url, applicationName }));
    const aside = keep(await Sql.connect({ url, applicationName }));
    const walsender = keep(await Walsender.connect({ url, applicationName, clock }));
    if (signal.aborted) throw new TidemarkError('CLOSED');
    return { control, aside, walsender };
  } catch (error) {
    for (const connection of opened) connection.close();
    throw error;
  }
}

function closeAll({ control, aside, walsender }: Connections): void {
  walsender.close();
  control.close();
  aside.close();
}
