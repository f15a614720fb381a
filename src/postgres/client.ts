import { LOOK_SQL, readLook, type Look } from './place.ts';

/** A `Client` of `pg`, or one that a `Pool` of it has given out. */
export interface PgClient {
  query(query: PgQuery): unknown;
}

/** A `Pool` of `pg`. */
export interface PgPool {
  readonly totalCount: number;
  connect(): Promise<PgClient & { release(error?: Error): void }>;
}

/** What `pg` asks of an object that is given to `query`. */
export interface PgQuery {
  submit(connection: unknown): unknown;
}

export interface QueryConfig {
  readonly text: string;
  readonly values?: readonly unknown[];
}

interface Connection {
  readonly stream: { cork?(): void; uncork?(): void };
  parse(message: object): void;
  bind(message: object): void;
  describe(message: object): void;
  execute(message: object): void;
}

/** The class of `pg` that knows the protocol. Its handlers are called for each message of the server. */
interface RunningQuery extends PgQuery {
  submit(connection: Connection): Error | null;
  prepare(connection: Connection): void;
  handleRowDescription(message: unknown): void;
  handleDataRow(message: { readonly fields: readonly (string | null)[] }): void;
  handleCommandComplete(message: unknown, connection: Connection): void;
}

type Callback = (error: Error | null, result?: { readonly rows: unknown[] }) => void;
type QueryClass = new (config: object, values: undefined, answer: Callback) => RunningQuery;

/** What a query gave, and where its connection was just before. */
export interface Answer {
  readonly look: Look;
  readonly rows: unknown[];
}

/**
 * Runs a query with a look at the connection's place in front of it, in one round trip: two statements, one `Sync`.
 *
 * The look comes first, and is a statement of its own. Evaluated in the query's statement, a standby's place would be too
 * far ahead of what the query sees:
 *
 *     query: takes its snapshot · replay: commit c · query: evaluates pg_last_wal_replay_lsn() ≥ c · reads the old row
 *
 * As statements, the second takes its snapshot when it is bound, after the first has run. No `Sync` lies between them, so
 * a pooler cannot send them to two servers (anomaly D15), and a server that ends in between fails both.
 */
export function lookAndQuery(client: PgClient, { text, values = [] }: QueryConfig): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const Query = queryClassOf(client);
    let look: Look | null = null;
    // Extended also without values: the simple protocol would be a message, and a transaction, of its own.
    const query = new Query({ text, values, queryMode: 'extended' }, undefined, (error, result) => {
      if (error) reject(error);
      else if (look && result) resolve({ look, rows: result.rows });
      else reject(new TypeError('the server answered without its place'));
    });
    prefix(query, (fields) => {
      look = readLook(fields);
    });
    client.query(query);
  });
}

export function lookAlone(client: PgClient): Promise<Look> {
  return lookAndQuery(client, { text: 'select 1' }).then(({ look }) => look);
}

/** Lets a query send the look before itself, and takes the answer to it out of the messages. */
function prefix(query: RunningQuery, answer: (fields: readonly (string | null)[]) => void): void {
  const submit = query.submit.bind(query);
  const handleRowDescription = query.handleRowDescription.bind(query);
  const handleDataRow = query.handleDataRow.bind(query);
  const handleCommandComplete = query.handleCommandComplete.bind(query);
  let looking = true;
  query.submit = (connection) => {
    connection.stream.cork?.();
    try {
      connection.parse({ text: LOOK_SQL, name: '' });
      connection.bind({ portal: '', statement: '', values: [] });
      connection.describe({ type: 'P', name: '' });
      connection.execute({ portal: '', rows: 0 });
      return submit(connection);
    } finally {
      connection.stream.uncork?.();
    }
  };
  query.handleRowDescription = (message) => {
    if (!looking) handleRowDescription(message);
  };
  query.handleDataRow = (message) => {
    if (looking) answer(message.fields);
    else handleDataRow(message);
  };
  query.handleCommandComplete = (message, connection) => {
    if (!looking) handleCommandComplete(message, connection);
    looking = false;
  };
}

/** The client's own, so that it fits its version. */
function queryClassOf(client: PgClient): QueryClass {
  const { Query } = client.constructor as { Query?: QueryClass & { readonly prototype: Partial<RunningQuery> } };
  if (typeof Query?.prototype.prepare !== 'function') {
    throw new TypeError('a client of `pg` is needed, and not of its native variant');
  }
  return Query;
}
