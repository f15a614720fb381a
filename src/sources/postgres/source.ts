import { TidemarkError } from '../../errors.ts';
import type { Position, Resume } from '../../model/position.ts';
import type { Source, SourceContext, SourceItem, SourceReport } from '../source.ts';
import { defaultName, type PostgresOptions } from './options.ts';
import { positionOn } from './position.ts';
import { Session, type SessionOptions } from './session.ts';

/** Row changes of PostgreSQL by logical replication. Reconnecting is the supervisor's: it calls `open` again. */
export class PostgresSource implements Source {
  readonly ungated: boolean;
  readonly #context: SourceContext;
  readonly #options: PostgresOptions;
  /** Tells this process from others: in echoes, and in the name under which the server lists its connections. */
  readonly #nonce: string;
  #sessions = 0;
  #session: Session | null = null;
  /** Set when the stream could not be read: to begin there again would only meet the same bytes. */
  #unreadable: string | null = null;
  #state: SourceReport['state'] = 'starting';
  #detail: string | null = null;
  #warnings: readonly string[] = [];

  constructor(context: SourceContext, options: PostgresOptions) {
    this.#context = context;
    this.#options = options;
    this.ungated = !options.gate;
    this.#nonce = context.runtime.random.id().slice(0, 18);
  }

  async *open(after: Resume | null, signal: AbortSignal, term?: number): AsyncIterable<SourceItem> {
    // After an error it stays `waiting` until it streams again: each attempt is no new start.
    if (this.#state !== 'waiting') this.#state = 'starting';
    try {
      const session = await Session.open(this.#sessionOptions(signal, term), after);
      this.#unreadable = null;
      this.#session = session;
      this.#warnings = session.warnings;
      this.#state = 'streaming';
      if (session.gap) yield session.gap;
      for (let item = await session.next(); item !== null; item = await session.next()) yield item;
      this.#state = 'stopped';
    } catch (error) {
      this.#state = 'waiting';
      if (signal.aborted) return;
      if (error instanceof TidemarkError && error.reaction === 'resync') this.#unreadable = error.message;
      throw error;
    } finally {
      this.#detail = null;
      this.#session?.close();
      this.#session = null;
    }
  }

  ack(upTo: Position): Promise<void> {
    this.#session?.acknowledge(upTo);
    return Promise.resolve();
  }

  async position(connection?: unknown): Promise<Resume> {
    if (connection !== undefined) return positionOn(connection);
    if (!this.#session) throw new TidemarkError('POSITION_UNKNOWN', `source "${this.#context.name}" is not connected`);
    return this.#session.position();
  }

  report(): SourceReport {
    const warnings = this.#warnings;
    const heldBack = this.#session?.heldBack ?? null;
    return {
      state: this.#state,
      ...(this.#detail !== null && { detail: this.#detail }),
      ...(this.#session && { lagBytes: this.#session.lagBytes }),
      ...(heldBack !== null && { gate: String(heldBack) }),
      ...(warnings.length > 0 && { warnings }),
    };
  }

  close(): Promise<void> {
    this.#session?.close();
    this.#state = 'stopped';
    return Promise.resolve();
  }

  #sessionOptions(signal: AbortSignal, term: number | undefined): SessionOptions {
    const { name, runtime, columns } = this.#context;
    const { url, tables, slot, publication, create, heartbeat, gate, messages } = this.#options;
    return {
      source: name,
      runtime,
      clock: runtime.clock,
      signal,
      url: url.reveal(),
      slot: slot ?? defaultName(name),
      publication: publication ?? defaultName(name),
      create,
      entities: tables,
      skip: this.#unreadable,
      columns,
      heartbeatMs: heartbeat,
      gate,
      messages: new Set(messages),
      // Of this session alone: echoes of the last one come again with the log that was not acknowledged.
      nonce: `${this.#nonce}.${++this.#sessions}`,
      applicationName: `tidemark ${this.#nonce} ${name}`.slice(0, 63),
      // Every reader of one slot is a relay of one journal, which has taken the work from all others.
      putOut: term !== undefined,
      waiting: (detail) => (this.#detail = detail),
    };
  }
}
