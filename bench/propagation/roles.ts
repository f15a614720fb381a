// The processes of the bench that are not servers. Each is told once what to do, says `ready`, and sends what it has seen when asked.
import pg from 'pg';
import { connect } from '../../src/remote/index.ts';
import { mono } from '../../test/fleet/clock.ts';

export interface RoleOptions {
  readonly url: string;
  /** Rows of the table: row `n` is changed by the `n`th commit and by no other. */
  readonly rows: number;
}

export interface WriterOptions extends RoleOptions {
  readonly rate: number;
}

/** `times[n]`: when row `n` was changed, heard of or ended, by the monotonic clock. */
export interface Seen {
  readonly times: readonly number[];
  readonly cpuMs: number;
}

/** Connections of the writer: few enough for a small server, enough that none of them waits for another's commit for long. */
const WRITERS = 8;
const TABLE = 'item';

/** What a process has seen of each row so far. */
class Times {
  /** NaN: not yet. */
  readonly #times: number[];
  #missing: number;
  #cpu = process.cpuUsage();

  constructor(rows: number) {
    this.#times = new Array<number>(rows).fill(NaN);
    this.#missing = rows;
    process.on('message', (word) => {
      if (word === 'begin') this.#cpu = process.cpuUsage();
    });
  }

  see(row: number, at: number): void {
    if (!Number.isNaN(this.#times[row])) fail(`row ${String(row)} is not one that was to be seen now`);
    this.#times[row] = at;
    if (--this.#missing > 0) return;
    const { user, system } = process.cpuUsage(this.#cpu);
    process.send?.({ times: this.#times, cpuMs: (user + system) / 1_000 } satisfies Seen);
  }
}

/** Ends the process, wherever it is said: a listener's throw would be caught. */
function fail(message: string): void {
  console.error(message);
  process.exit(1);
}

/** Commits row after row, each when it is due, whether or not those before it have been answered. */
export async function write({ url, rows, rate }: WriterOptions): Promise<void> {
  const times = new Times(rows);
  const idle: pg.Client[] = [];
  for (let n = 0; n < WRITERS; n++) {
    const client = new pg.Client(url);
    await client.connect();
    idle.push(client);
  }
  let next = 0;
  let began = 0;
  const commit = async (client: pg.Client): Promise<void> => {
    while (next < rows && began + (1_000 * next) / rate <= mono()) {
      const row = next++;
      await client.query({ name: 'w', text: `update ${TABLE} set n = n + 1 where id = $1`, values: [row] });
      times.see(row, mono());
    }
    idle.push(client);
  };
  const look = (): void => {
    const due = Math.min(rows, Math.floor(((mono() - began) * rate) / 1_000) + 1) - next;
    for (const client of idle.splice(0, Math.max(0, due))) void commit(client);
    if (next < rows) setTimeout(look, 1);
  };
  process.on('message', (word) => {
    if (word !== 'begin') return;
    began = mono();
    look();
  });
  process.send?.('ready');
}

/** An application: all rows are in its cache, and each has to end. */
export async function apply({ url, rows }: RoleOptions): Promise<void> {
  const times = new Times(rows);
  const tide = await connect({ url, timeout: '60s' });
  const cache = tide.cache<number>(TABLE);
  for (let row = 0; row < rows; row++) await cache.set({ key: `${TABLE}:${String(row)}`, value: row });
  tide.onApplied(({ actions }) => {
    const at = mono();
    for (const { target } of actions) {
      if (cache.peek(target) !== undefined) fail(`${target} is said to have ended and is still served`);
      times.see(Number(target.slice(TABLE.length + 1)), at);
    }
  });
  if (tide.status().entries !== rows) throw new Error('not every row is in the cache');
  process.send?.('ready');
}

const UPDATE = 0x55;
const NEW_TUPLE = 0x4e;
const COMMIT = 0x43;
const XLOG_DATA = 0x77;
const KEEPALIVE = 0x6b;

interface CopyBoth {
  on(event: 'copyData', listener: (message: { readonly chunk: Buffer }) => void): void;
  once(event: 'replicationStart', listener: () => void): void;
  sendCopyFromChunk(chunk: Buffer): void;
}

/** The raw feed: nothing but the wire. It reads the id of each changed row, and counts it when its commit comes. */
export async function listen({ url, rows }: RoleOptions): Promise<void> {
  const times = new Times(rows);
  const client = new pg.Client({ connectionString: url, replication: 'database' } as pg.ClientConfig);
  await client.connect();
  await client.query('CREATE_REPLICATION_SLOT raw TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT');
  const { connection } = client as unknown as { readonly connection: CopyBoth };
  let changed: number[] = [];
  connection.on('copyData', ({ chunk }) => {
    if (chunk[0] === KEEPALIVE) {
      if (chunk[17] === 1) connection.sendCopyFromChunk(status(chunk.readBigUInt64BE(1)));
      return;
    }
    if (chunk[0] !== XLOG_DATA) return;
    if (chunk[25] === UPDATE) changed.push(rowOf(chunk));
    else if (chunk[25] === COMMIT) {
      const at = mono();
      for (const row of changed) times.see(row, at);
      changed = [];
    }
  });
  const started = new Promise<void>((resolve) => {
    connection.once('replicationStart', resolve);
  });
  const text = `START_REPLICATION SLOT raw LOGICAL 0/0 (proto_version '1', publication_names 'raw')`;
  // It goes on for as long as the process does.
  client.query(text).catch(() => undefined);
  await started;
  process.send?.('ready');
}

/** The first column's text, of an update whose key has not changed: relation, `N`, columns, `t`, length, text. */
function rowOf(chunk: Buffer): number {
  if (chunk[30] !== NEW_TUPLE) throw new Error('an update with an old row was not expected');
  return Number(chunk.toString('latin1', 38, 38 + chunk.readInt32BE(34)));
}

function status(walEnd: bigint): Buffer {
  const bytes = Buffer.alloc(34);
  bytes[0] = 0x72;
  for (const at of [1, 9, 17]) bytes.writeBigUInt64BE(walEnd, at);
  return bytes;
}
