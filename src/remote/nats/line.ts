import { readFile } from 'node:fs/promises';
import type * as jetstream from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { TidemarkError } from '../../tidemark-error.ts';
import { WIRE_HEADER } from '../../journal/nats/wire.ts';

/**
 * For a server to greet: as long as a silence. The driver waits all of it also when the connection breaks meanwhile, so it is how
 * long a process stays unfed that dials in a bad moment.
 */
const GREETING_MS = 1_000;
/** For JetStream to make a consumer, also when it is choosing a leader. */
const JETSTREAM_MS = 2_000;
/** Twice as long without a word of the server, and the driver asks for messages anew. */
const HEARTBEAT_MS = 500;
/** How long one request for messages lasts. */
const PULL_MS = 5_000;
/** How long the server remembers where somebody was who has gone away without a word. */
const FORGOTTEN_MS = 10_000;

export interface NatsLogin {
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
  /** Path of a `.creds` file. */
  readonly credentials?: string | undefined;
}

export interface NatsAddress extends NatsLogin {
  readonly servers: readonly string[];
  readonly stream: string;
}

export interface LogMessage {
  readonly seq: number;
  readonly header: string;
  readonly body: Uint8Array;
}

/** One connection to NATS, until it ends for whatever reason: the next one is another line. What the driver throws ends here. */
export class Line {
  readonly ended: Promise<void>;
  readonly #connection: NatsConnection;
  readonly #js: typeof jetstream;
  readonly #place: string;

  /** @throws DAEMON_UNREACHABLE, DAEMON_UNAUTHORIZED */
  static async open(address: NatsAddress, place: string): Promise<Line> {
    const [core, js] = await Promise.all([import('@nats-io/transport-node'), import('@nats-io/jetstream')]);
    const { user, password, token, credentials } = address;
    try {
      const connection = await core.connect({
        servers: [...address.servers],
        name: 'tidemark-client',
        timeout: GREETING_MS,
        reconnect: false,
        noAsyncTraces: true,
        ...(user !== undefined && { user }),
        ...(password !== undefined && { pass: password }),
        ...(token !== undefined && { token }),
        ...(credentials !== undefined && { authenticator: core.credsAuthenticator(await readFile(credentials)) }),
      });
      return new Line(connection, js, place);
    } catch (error) {
      throw failure(error, place);
    }
  }

  private constructor(connection: NatsConnection, js: typeof jetstream, place: string) {
    this.#connection = connection;
    this.#js = js;
    this.#place = place;
    this.ended = connection.closed().then(() => undefined);
  }

  /** @throws DAEMON_UNREACHABLE, also when nobody has answered in time; DAEMON_UNAUTHORIZED */
  async ask(subject: string, body: unknown, timeoutMs: number): Promise<unknown> {
    try {
      const payload = body === null ? '' : JSON.stringify(body);
      return (await this.#connection.request(subject, payload, { timeout: timeoutMs })).json();
    } catch (error) {
      throw failure(error, `${this.#place}, ${subject}`);
    }
  }

  say(subject: string, word: unknown): void {
    if (!this.#connection.isClosed()) this.#connection.publish(subject, JSON.stringify(word));
  }

  /** Resolves when the server has everything that was said. */
  async flush(): Promise<void> {
    await this.#connection.flush().catch(() => undefined);
  }

  hear(subject: string, take: (word: unknown) => void): void {
    this.#connection.subscribe(subject, {
      callback: (error, message) => {
        if (!error) take(message.json());
      },
    });
  }

  /**
   * Every message of a stream from a place on. Resolves once the server has begun to send them.
   *
   * @throws DAEMON_UNREACHABLE, DAEMON_UNAUTHORIZED
   */
  async follow(stream: string, from: number): Promise<AsyncIterable<LogMessage>> {
    try {
      const consumer = await this.#js.jetstream(this.#connection, { timeout: JETSTREAM_MS }).consumers.get(stream, {
        deliver_policy: this.#js.DeliverPolicy.StartSequence,
        opt_start_seq: from,
        inactive_threshold: FORGOTTEN_MS,
      });
      return messagesOf(
        await consumer.consume({
          max_messages: 500,
          expires: PULL_MS,
          idle_heartbeat: HEARTBEAT_MS,
          abort_on_missing_resource: true,
        }),
      );
    } catch (error) {
      throw failure(error, this.#place);
    }
  }

  async close(): Promise<void> {
    await this.#connection.close().catch(() => undefined);
  }
}

async function* messagesOf(messages: jetstream.ConsumerMessages): AsyncGenerator<LogMessage> {
  for await (const { seq, headers, data } of messages)
    yield { seq, header: headers?.get(WIRE_HEADER) ?? '', body: data };
}

const UNAUTHORIZED = ['AuthorizationError', 'UserAuthenticationExpiredError', 'PermissionViolationError'];

function failure(error: unknown, place: string): TidemarkError {
  if (error instanceof TidemarkError) return error;
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const isLogin =
    UNAUTHORIZED.includes(name) || /authoriz|authentication|credentials|permissions violation/i.test(message);
  return new TidemarkError(isLogin ? 'DAEMON_UNAUTHORIZED' : 'DAEMON_UNREACHABLE', `at ${place}: ${message}`, {
    cause: error,
  });
}
