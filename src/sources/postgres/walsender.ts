import type { Client } from 'pg';
import { TidemarkError } from '../../errors.ts';
import type { Clock } from '../../runtime/runtime.ts';
import { translate } from './failure.ts';
import { formatLsn, later, LSN_ZERO, parseLsn, type Lsn } from './lsn.ts';
import { ReadPacing } from './read-pacing.ts';
import { connectionOf, destroy, newClient, type PgConnection } from './sql.ts';
import { quoteIdentifier, quoteLiteral } from './tables.ts';

const MILLIS_1970_TO_2000 = 946_684_800_000;
/** Well below half of the smallest `wal_sender_timeout` that is in use, and often enough for a slot to follow. */
const STATUS_EVERY_MS = 1_000;
/** Without a byte for this long the server is asked for a sign of life with each status. */
const ASK_AFTER_MS = 3_000;
/** Without a byte for this long, although asked several times, the connection is dead. */
const DEAD_AFTER_MS = 10_000;

export interface WalsenderOptions {
  readonly url: string;
  readonly applicationName: string;
  readonly clock: Clock;
}

export interface StreamOptions {
  readonly slot: string;
  readonly publication: string;
  readonly from: Lsn;
  /** A message of pgoutput: `bytes` from `at`. Valid only during the call. */
  readonly message: (bytes: Buffer, at: number) => void;
  /** The server has nothing more to send before `walEnd`. */
  readonly keepalive: (walEnd: Lsn) => void;
  readonly failed: (error: unknown) => void;
}

export interface SystemIdentity {
  readonly systemId: string;
  readonly timeline: string;
  readonly head: Lsn;
}

/** A connection that PostgreSQL streams its log to. */
export class Walsender {
  readonly #client: Client;
  readonly #connection: PgConnection;
  readonly #clock: Clock;
  readonly #pacing: ReadPacing;
  #flushed: Lsn = LSN_ZERO;
  #received: Lsn = LSN_ZERO;
  #lastByteAt: number;
  #cancelStatus: () => void = () => undefined;
  #failed: (error: unknown) => void = () => undefined;
  #closed = false;

  private constructor(client: Client, clock: Clock) {
    this.#client = client;
    this.#connection = connectionOf(client);
    this.#clock = clock;
    this.#lastByteAt = clock.mono();
    this.#pacing = new ReadPacing(clock, this.#connection.stream);
  }

  static async connect({ url, applicationName, clock }: WalsenderOptions): Promise<Walsender> {
    const client = await newClient({ url, applicationName, replication: 'database' });
    // Before the connection is there `connect` says it; afterwards `failed` does.
    client.on('error', () => undefined);
    try {
      await client.connect();
      // Values come in text form: it must not depend on how the server or the role is set up.
      await client.query(
        "set datestyle = 'ISO'; set intervalstyle = 'postgres'; set timezone = 'UTC'; set extra_float_digits = 3",
      );
    } catch (error) {
      destroy(client);
      throw translate(error, 'connecting for replication');
    }
    const walsender = new Walsender(client, clock);
    client.on('error', (error) => {
      walsender.#fail(translate(error, 'the replication connection broke'));
    });
    return walsender;
  }

  /** Everything the server has sent so far lies before this. */
  get received(): Lsn {
    return this.#received;
  }

  async identify(): Promise<SystemIdentity> {
    const { rows } = await this.#client
      .query<{ systemid: string; timeline: number | string; xlogpos: string }>('IDENTIFY_SYSTEM')
      .catch((error: unknown) => {
        throw translate(error, 'IDENTIFY_SYSTEM');
      });
    const [row] = rows;
    const head = row && parseLsn(row.xlogpos);
    if (!row || head === undefined || head === null) throw new TidemarkError('POSTGRES_PROTOCOL', 'IDENTIFY_SYSTEM');
    return { systemId: row.systemid, timeline: String(row.timeline), head };
  }

  /** Resolves when the server has begun to stream. */
  async stream(options: StreamOptions): Promise<void> {
    const { slot, publication, from, failed } = options;
    this.#failed = failed;
    this.#flushed = from;
    this.#received = from;
    this.#connection.on('copyData', ({ chunk }) => {
      try {
        this.#take(chunk, options);
      } catch (error) {
        this.#fail(error);
      }
    });
    const settings = `proto_version '1', publication_names ${quoteLiteral(quoteIdentifier(publication))}, messages 'true'`;
    const command = `START_REPLICATION SLOT ${quoteIdentifier(slot)} LOGICAL ${formatLsn(from)} (${settings})`;
    const started = new Promise<void>((resolve) => {
      this.#connection.once('replicationStart', () => {
        resolve();
      });
    });
    const ended = this.#client.query(command).then(
      () => new TidemarkError('POSTGRES_UNREACHABLE', 'the server ended the stream, as it does when it shuts down'),
      (error: unknown) => translate(error, 'START_REPLICATION'),
    );
    void ended.then((error) => {
      this.#fail(error);
    });
    const refused = await Promise.race([started, ended]);
    if (refused) throw refused;
    this.#pacing.start(() => (this.#lastByteAt = this.#clock.mono()));
    this.#lastByteAt = this.#clock.mono();
    this.#tick();
  }

  /** The server may forget everything before `lsn`. */
  acknowledge(lsn: Lsn): void {
    this.#flushed = later(this.#flushed, lsn);
  }

  /** Backpressure: no more is read until `resume`. Acknowledgements and signs of life go on. */
  pause(): void {
    this.#pacing.hold();
  }

  resume(): void {
    this.#lastByteAt = this.#clock.mono();
    this.#pacing.release();
  }

  /** Tells the server what is acknowledged, and leaves. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelStatus();
    this.#pacing.stop();
    this.#sendStatus(false);
    this.#connection.end();
    destroy(this.#client);
  }

  #take(chunk: Buffer, { message, keepalive }: StreamOptions): void {
    if (this.#closed) return;
    const kind = chunk[0];
    if (kind === 0x77) {
      this.#received = later(this.#received, chunk.readBigUInt64BE(1));
      message(chunk, 25);
    } else if (kind === 0x6b) {
      const walEnd = chunk.readBigUInt64BE(1);
      this.#received = later(this.#received, walEnd);
      keepalive(walEnd);
      if (chunk[17] === 1) this.#sendStatus(false);
    } else throw new TidemarkError('POSTGRES_PROTOCOL', `a replication message of the unknown kind ${String(kind)}`);
  }

  #tick(): void {
    const armedAt = this.#clock.mono();
    this.#cancelStatus = this.#clock.after(STATUS_EVERY_MS, () => {
      const now = this.#clock.mono();
      // A process that was stopped itself has not listened: silence then says nothing about the server.
      if (now - armedAt > STATUS_EVERY_MS + ASK_AFTER_MS || this.#pacing.held) this.#lastByteAt = now;
      const silentMs = now - this.#lastByteAt;
      if (silentMs > DEAD_AFTER_MS) {
        this.#fail(new TidemarkError('POSTGRES_SILENT', `not one byte for ${Math.round(silentMs / 1_000)} s`));
        return;
      }
      this.#sendStatus(silentMs > ASK_AFTER_MS);
      this.#tick();
    });
  }

  /** Standby status update: written, flushed and applied up to what the journal has. */
  #sendStatus(replyRequested: boolean): void {
    const status = Buffer.alloc(34);
    status[0] = 0x72;
    status.writeBigUInt64BE(this.#flushed, 1);
    status.writeBigUInt64BE(this.#flushed, 9);
    status.writeBigUInt64BE(this.#flushed, 17);
    status.writeBigInt64BE(BigInt(Math.round(this.#clock.now() - MILLIS_1970_TO_2000)) * 1000n, 25);
    status[33] = replyRequested ? 1 : 0;
    this.#connection.sendCopyFromChunk(status);
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelStatus();
    this.#pacing.stop();
    destroy(this.#client);
    this.#failed(error);
  }
}
