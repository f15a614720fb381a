import pg from 'pg';
import { bench, type Bench, type Script } from '../support/pgbench.ts';
import type { PostgresServer } from '../support/postgres.ts';
import { History } from './history.ts';
import { mono, pause } from './clock.ts';

const ITEMS = 400;
const GROUPS = 40;
/** Transactions a second. */
const RATE = 80;
const SAMPLE_EVERY_MS = 20;

const TRAFFIC: readonly Script[] = [
  { weight: 18, text: `\\set id random(1, ${ITEMS})\nupdate item set n = n + 1 where id = :id;` },
  { weight: 1, text: `\\set g random(0, ${GROUPS - 1})\nupdate item set n = n + 1 where g = :g;` },
  { weight: 1, text: `\\set id random(1, ${ITEMS})\nbegin;\nupdate item set n = n + 1 where id = :id;\nrollback;` },
];

/** `item:3` is a row's counter; `group:4` the sum over a group of rows. Both only rise, in the order of commits. */
export const KEYS: readonly string[] = [
  ...Array.from({ length: ITEMS }, (_, i) => `item:${i + 1}`),
  ...Array.from({ length: GROUPS }, (_, g) => `group:${g}`),
];

export function tagsOf(key: string): string[] {
  return key.startsWith('group:') ? [key.replace(':', '-')] : [];
}

/** The truth of a key; also a version of it, since it only rises. */
export async function load(client: pg.Pool, key: string): Promise<number> {
  const [what, id] = key.split(':');
  const text =
    what === 'item' ? 'select n from item where id = $1' : 'select sum(n)::bigint as n from item where g = $1';
  const { rows } = await client.query<{ n: string }>(text, [Number(id)]);
  return Number(rows[0]?.n);
}

/** One more of a row, as an application does it. */
export async function bump(client: pg.Pool, key: string): Promise<number> {
  const { rows } = await client.query<{ n: string }>('update item set n = n + 1 where id = $1 returning n', [
    Number(key.split(':')[1]),
  ]);
  return Number(rows[0]?.n);
}

/** A pool that waits for nothing for long, whatever happens to the server. */
export function poolOf(url: string, max: number): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max, query_timeout: 4_000, connectionTimeoutMillis: 4_000 });
  pool.on('error', () => undefined);
  // A query that ran out of time leaves its client to the pool, whose socket may fail once more.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** pgbench writes, and what readers could see is noted all the time. */
export class Database {
  readonly history = new History();
  readonly pool: pg.Pool;
  readonly #server: PostgresServer;
  readonly #loops: Promise<void>[];
  #traffic: Bench | null = null;
  #writing = true;
  #watching = true;

  static async start(server: PostgresServer): Promise<Database> {
    await server.sql(`create table item (id int primary key, g int not null, n bigint not null) with (fillfactor = 50);
      -- Else the group of a row before its change is not known, and every change ends every group.
      alter table item replica identity full;
      insert into item select id, id % ${GROUPS}, 1 from generate_series(1, ${ITEMS}) id`);
    return new Database(server);
  }

  private constructor(server: PostgresServer) {
    this.#server = server;
    this.pool = poolOf(server.url, 2);
    this.#loops = [this.#write(), this.#watch()];
  }

  /** Ends the writing; what there is now stays. */
  async still(): Promise<void> {
    this.#writing = false;
    await this.#traffic?.stop().catch(() => undefined);
    await this.#loops[0];
  }

  async close(): Promise<void> {
    await this.still();
    this.#watching = false;
    await Promise.all(this.#loops);
    await this.pool.end();
  }

  /** pgbench gives up when the server goes; then another one begins. */
  async #write(): Promise<void> {
    while (this.#writing) {
      this.#traffic = await bench(this.#server, TRAFFIC, ['-T', '3600', '-c', '3', '-R', String(RATE)]);
      await this.#traffic.ended.catch(() => undefined);
      if (this.#writing) await pause(100);
    }
  }

  async #watch(): Promise<void> {
    while (this.#watching) {
      await this.#sample().catch(() => undefined);
      await pause(SAMPLE_EVERY_MS);
    }
  }

  async #sample(): Promise<void> {
    const { rows } = await this.pool.query<{ id: number; g: number; n: string }>('select id, g, n from item');
    // What a snapshot has shown could be seen by everybody from this time on at the latest.
    const at = mono();
    const groups = new Map<number, number>();
    for (const { id, g, n } of rows) {
      this.history.saw(`item:${id}`, Number(n), at);
      groups.set(g, (groups.get(g) ?? 0) + Number(n));
    }
    for (const [g, sum] of groups) this.history.saw(`group:${g}`, sum, at);
  }
}
