import type { Client, QueryResultRow } from 'pg';
import { translate } from './failure.ts';

/** A server that is there answers a catalogue query in milliseconds; one that is paused must be noticed. */
export const QUERY_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 10_000;

export interface SqlOptions {
  readonly url: string;
  /** Shows in `pg_stat_activity`. */
  readonly applicationName: string;
}

/** An ordinary connection. */
export class Sql {
  readonly #client: Client;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(client: Client) {
    this.#client = client;
  }

  static async connect(options: SqlOptions): Promise<Sql> {
    const client = await newClient(options);
    // A connection that breaks shows in the statement that runs on it, or in the next one.
    client.on('error', () => undefined);
    try {
      await client.connect();
      // Our own writes (echoes) must not wait for a standby that hangs.
      await client.query("set synchronous_commit = 'local'; set statement_timeout = 0; set search_path = pg_catalog");
      return new Sql(client);
    } catch (error) {
      destroy(client);
      throw translate(error, 'connecting');
    }
  }

  /** The server's process behind it. */
  get pid(): number | null {
    return (this.#client as unknown as { processID: number | null }).processID;
  }

  /** Rows of one statement; statements run one after the other. `timeoutMs` 0 waits as long as it takes. */
  rows<R extends QueryResultRow>(
    text: string,
    values: readonly unknown[] = [],
    timeoutMs = QUERY_TIMEOUT_MS,
  ): Promise<R[]> {
    const run = async (): Promise<R[]> => {
      try {
        const config = { text, values: [...values], ...(timeoutMs > 0 && { query_timeout: timeoutMs }) };
        return (await this.#client.query<R>(config)).rows;
      } catch (error) {
        throw translate(error, oneLine(text));
      }
    };
    const result = this.#last.then(run);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async row<R extends QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<R | null> {
    return (await this.rows<R>(text, values))[0] ?? null;
  }

  close(): void {
    this.#client.end().catch(() => undefined);
    destroy(this.#client);
  }
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > 80 ? `${line.slice(0, 77)}...` : line;
}

interface ClientOptions {
  readonly url: string;
  readonly applicationName: string;
  readonly replication?: 'database';
}

/** The driver is imported here only, so that a configuration without PostgreSQL never loads it. */
export async function newClient({ url, applicationName, replication }: ClientOptions): Promise<Client> {
  const { default: pg } = await import('pg');
  return new pg.Client({
    connectionString: url,
    application_name: applicationName,
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    ...(replication && { replication }),
  });
}

/** Ends a connection that may not answer any more. `end` alone would wait for the server. */
export function destroy(client: Client): void {
  connectionOf(client).stream.destroySoon();
}

/** What pg has and its types leave out. */
export interface PgConnection {
  readonly stream: {
    pause(): void;
    resume(): void;
    destroySoon(): void;
    on(event: 'data', listener: () => void): void;
  };
  on(event: 'copyData', listener: (message: { chunk: Buffer }) => void): void;
  once(event: 'replicationStart', listener: () => void): void;
  sendCopyFromChunk(chunk: Buffer): void;
  /** Says goodbye, then closes. */
  end(): void;
}

export function connectionOf(client: Client): PgConnection {
  return (client as unknown as { connection: PgConnection }).connection;
}
