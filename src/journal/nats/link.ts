import type * as jetstream from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { TidemarkError } from '../../errors.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { failureOf, isRefusal } from './failure.ts';
import type { NatsJournalOptions } from './options.ts';
import { connectTo, type Drivers } from './connect.ts';
import { openStream } from './stream.ts';
import { WIRE_HEADER, type WireMessage } from './wire.ts';

/** A follower that hears nothing, not even a heartbeat, for twice this long asks anew. */
const HEARTBEAT_MS = 500;
/** How long one request for messages lasts. */
const PULL_MS = 5_000;
/** Before a connection that was lost is tried for again. */
const AGAIN_MS = 250;
/** Messages asked for at once when old ones are read. */
const FETCH = 256;
/** Of a bounded stream this much is kept for what is not an event: a checkpoint, without which nothing could be forgotten. */
const NEARLY_FULL = 0.9;
/** What a message takes beside its body, about. */
const MESSAGE_BYTES = 150;
/** Room in a message for what is not its body. */
const ENVELOPE_BYTES = 4_096;

export type Take = (seq: number, header: string, body: Uint8Array) => void;

export type Published =
  | { readonly what: 'written'; readonly seq: number }
  /** Somebody else wrote first. */
  | { readonly what: 'outrun' }
  /** Nobody can say yet. */
  | { readonly what: 'unknown'; readonly error: unknown }
  | { readonly what: 'refused'; readonly error: TidemarkError };

/** The one connection to NATS of an opening, its stream and its bucket. What the driver throws ends here. */
export class Link {
  readonly kv: KV;
  readonly connection: NatsConnection;
  readonly stream: string;
  readonly #jsm: jetstream.JetStreamManager;
  readonly #js: jetstream.JetStreamClient;
  readonly #drivers: Drivers;
  readonly #runtime: Runtime;
  readonly #closed = new AbortController();
  /** When the stream was made: what it is told apart by from a later one of the same name. */
  readonly created: string;
  #stopFollowing: (() => void) | null = null;
  readonly #bytesLimit: number;
  #counted = 0;
  isUp = true;
  /** Of the stream, as far as this opening has heard. */
  bytes = 0;

  private constructor(parts: {
    drivers: Drivers;
    connection: NatsConnection;
    jsm: jetstream.JetStreamManager;
    kv: KV;
    stream: string;
    created: string;
    runtime: Runtime;
    bytesLimit: number;
  }) {
    this.connection = parts.connection;
    this.kv = parts.kv;
    this.stream = parts.stream;
    this.#drivers = parts.drivers;
    this.#jsm = parts.jsm;
    this.#js = parts.drivers.jetstream.jetstream(parts.connection, { timeout: 2_000 });
    this.#runtime = parts.runtime;
    this.created = parts.created;
    this.#bytesLimit = parts.bytesLimit;
    void this.#watch();
  }

  static async open(runtime: Runtime, options: NatsJournalOptions, baseDir: string): Promise<Link> {
    const { drivers, connection } = await connectTo(options, baseDir);
    try {
      const opened = await openStream(drivers, connection, options);
      const bytesLimit = options.max_bytes ?? Infinity;
      return new Link({ drivers, connection, runtime, bytesLimit, stream: options.stream, ...opened });
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  get isNearlyFull(): boolean {
    return this.bytes > this.#bytesLimit * NEARLY_FULL;
  }

  get bytesMax(): number {
    return Math.max(1_024, (this.connection.info?.max_payload ?? 1_048_576) - ENVELOPE_BYTES);
  }

  /** Publishes all of them at once, each behind the one before; `base` is what the stream ends with. */
  async publish(messages: readonly WireMessage[], base: number): Promise<Published> {
    const { headers } = this.#drivers.core;
    const published = await Promise.allSettled(
      messages.map(async ({ header, body }, index) => {
        const head = headers();
        head.set(WIRE_HEADER, header);
        return this.#js.publish(`${this.stream}.log`, body, {
          headers: head,
          expect: { lastSequence: base + index },
          retries: 0,
        });
      }),
    );
    const failed = published.find((result) => result.status === 'rejected');
    const last = published.at(-1);
    if (!failed && last?.status === 'fulfilled') return { what: 'written', seq: last.value.seq };
    const error: unknown = failed?.reason;
    if (isRefusal(error, 'sequence')) return { what: 'outrun' };
    if (isRefusal(error, 'room')) return { what: 'refused', error: failureOf(error, this.stream) };
    return { what: 'unknown', error };
  }

  /** The first and the last message of the stream. Throws NATS_STREAM_GONE when it is another stream now, or ends before `known`. */
  async bounds(known: number): Promise<{ first: number; last: number }> {
    const info = await this.#jsm.streams.info(this.stream);
    this.bytes = info.state.bytes;
    this.#counted = info.state.last_seq;
    if (info.created !== this.created || info.state.last_seq < known)
      throw new TidemarkError(
        'NATS_STREAM_GONE',
        `${this.stream}, which ended at ${known}, ends at ${info.state.last_seq}`,
      );
    return { first: info.state.first_seq, last: info.state.last_seq };
  }

  /** Gives every message behind `after()` to `take`, over lost connections, until the link closes or `take` has enough. */
  async follow(after: () => number, take: Take, failed: (error: TidemarkError) => void): Promise<void> {
    const { clock } = this.#runtime;
    for (let isFirst = true; !this.#closed.signal.aborted; isFirst = false) {
      try {
        if (!isFirst) await this.bounds(after());
        const consumer = await this.#consumer(after() + 1);
        const messages = await consumer.consume({
          max_messages: 500,
          expires: PULL_MS,
          idle_heartbeat: HEARTBEAT_MS,
        });
        this.#stopFollowing = () => {
          messages.stop();
        };
        if (this.#closed.signal.aborted) messages.stop();
        for await (const message of messages) {
          this.#count(message);
          take(message.seq, message.headers?.get(WIRE_HEADER) ?? '', message.data);
        }
      } catch (error) {
        const failure = failureOf(error, this.stream);
        if (failure.code === 'NATS_STREAM_GONE') {
          failed(failure);
          return;
        }
      }
      await clock.sleep(AGAIN_MS, this.#closed.signal);
    }
  }

  /** Messages `from` to `to`, until `take` says that it has enough. */
  async fetch(from: number, to: number, take: (...message: Parameters<Take>) => boolean): Promise<void> {
    const consumer = await this.#consumer(from);
    try {
      for (let next = from; next <= to;) {
        const before = next;
        const messages = await consumer.fetch({ max_messages: Math.min(FETCH, to - next + 1), expires: PULL_MS });
        for await (const message of messages) {
          next = message.seq + 1;
          const isEnough = take(message.seq, message.headers?.get(WIRE_HEADER) ?? '', message.data);
          if (isEnough || next > to) return;
        }
        if (next === before) throw new TidemarkError('NATS_FAILED', `message ${next} of ${this.stream} does not come`);
      }
    } finally {
      await consumer.delete().catch(() => false);
    }
  }

  /** Our header of one message; `null` when it is not there. */
  async header(seq: number): Promise<string | null> {
    const message = await this.#jsm.streams.getMessage(this.stream, { seq });
    return message?.header.get(WIRE_HEADER) ?? null;
  }

  async purgeBefore(seq: number): Promise<void> {
    await this.#jsm.streams.purge(this.stream, { seq });
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#stopFollowing?.();
    await this.connection.close();
  }

  #count({ seq, data }: jetstream.JsMsg): void {
    if (seq <= this.#counted) return;
    this.#counted = seq;
    this.bytes += data.length + MESSAGE_BYTES;
  }

  async #consumer(from: number): ReturnType<jetstream.JetStreamClient['consumers']['get']> {
    return this.#js.consumers.get(this.stream, {
      deliver_policy: this.#drivers.jetstream.DeliverPolicy.StartSequence,
      opt_start_seq: from,
      inactive_threshold: 30_000,
    });
  }

  /** A consumer that lives in the memory of a server may be gone with it, so each new connection follows anew. */
  async #watch(): Promise<void> {
    const { log } = this.#runtime;
    for await (const { type } of this.connection.status()) {
      if (type === 'disconnect') {
        this.isUp = false;
        log.warn({ stream: this.stream }, 'the connection to nats is lost: what is to be journaled waits for it');
      } else if (type === 'reconnect') {
        this.isUp = true;
        log.info({ stream: this.stream }, 'connected to nats again');
        this.#stopFollowing?.();
      }
    }
  }
}
