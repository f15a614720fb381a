import type pg from 'pg';
import { expect, vi } from 'vitest';
import type { Tidemark } from '../../src/index.ts';
import type { JsonValue } from '../../src/model/json.ts';
import { realRuntime } from '../../src/runtime/real.ts';
import type { PostgresServer } from '../support/postgres.ts';
import type { Change, Origin, Version } from './origin.ts';

const PATIENCE_MS = 30_000;

/**
 * Rows of a real PostgreSQL. A second table that nobody publishes holds a version for each key, raised in the
 * transaction that changes what the key shows, so that every loaded value says how old it is.
 */
export class Postgres implements Origin {
  readonly runtime = realRuntime();
  readonly sources: Readonly<Record<string, JsonValue>>;
  readonly proves = true;
  readonly server: PostgresServer;
  /** Runs in the next transaction in place of an update of the key's row. */
  #next: string | null = null;
  readonly #client: pg.Client;

  static async open(server: PostgresServer, options: Readonly<Record<string, JsonValue>> = {}): Promise<Postgres> {
    const client = await server.connect();
    await client.query(`
      drop table if exists product cascade; drop table if exists truth;
      create table product (id int primary key, n int not null default 1, category int not null default 0, note text);
      create table truth (key text primary key, version int not null)`);
    return new Postgres(server, client, options);
  }

  private constructor(server: PostgresServer, client: pg.Client, options: Readonly<Record<string, JsonValue>>) {
    this.server = server;
    this.#client = client;
    const db = { type: 'postgres', url: server.url, tables: ['product'], heartbeat: 50 };
    this.sources = { db: { ...db, ...options } };
  }

  /** Says what the next transaction does. */
  by(sql: string): this {
    this.#next = sql;
    return this;
  }

  async commit({ keys }: Change): Promise<void> {
    const rows = keys.map((key) => /^product:(\d+)$/.exec(key)?.[1]).filter((id) => id !== undefined);
    const ordinary = rows.map(
      (id) => `insert into product (id) values (${id}) on conflict (id) do update set n = product.n + 1;`,
    );
    await this.#client.query(`begin; ${this.#next ?? ordinary.join(' ')}; ${raise(keys)} commit`);
    this.#next = null;
  }

  /**
   * Commits on a connection of its own that then hangs: it waits for a synchronous standby that there is not. Its record
   * is on disk and in the stream, and no reader sees it, until `show` is called.
   */
  async commitInvisibly({ keys }: Change): Promise<{ show: () => Promise<void> }> {
    await this.#standby('ghost');
    const writer = await this.server.connect();
    const { rows } = await writer.query<{ pid: number }>('select pg_backend_pid() as pid');
    const done = writer.query(`begin; update product set n = n + 1; ${raise(keys)} commit`);
    await vi.waitFor(async () => {
      const [row] = await this.server.sql<{ wait_event: string }>(
        'select wait_event from pg_stat_activity where pid = $1',
        [rows[0]?.pid],
      );
      expect(row?.wait_event).toBe('SyncRep');
    }, PATIENCE_MS);
    return {
      show: async () => {
        await this.#standby('');
        await done;
        await writer.end();
      },
    };
  }

  async load(key: string): Promise<Version> {
    const { rows } = await this.#client.query<{ version: number }>('select version from truth where key = $1', [key]);
    return rows[0]?.version ?? null;
  }

  /** Waits for a proof of all that has been committed by now. */
  async applied(tide: Tidemark): Promise<void> {
    const from = this.runtime.clock.mono();
    await vi.waitFor(
      () => {
        const { proofAgeMs } = tide.status().sources[0]!;
        expect(this.runtime.clock.mono() - (proofAgeMs ?? Infinity)).toBeGreaterThan(from);
      },
      { timeout: PATIENCE_MS, interval: 10 },
    );
  }

  async close(): Promise<void> {
    await this.#standby('');
    await this.#client.end();
    await this.server.dropSlots();
    await this.server.sql('drop publication if exists tidemark_db');
  }

  async #standby(name: string): Promise<void> {
    await this.server.sql(`alter system set synchronous_standby_names = '${name}'`);
    await this.server.sql('select pg_reload_conf()');
    const client = await this.server.connect();
    await vi.waitFor(async () => {
      const { rows } = await client.query<{ names: string }>(
        `select current_setting('synchronous_standby_names') as names`,
      );
      expect(rows[0]?.names).toBe(name);
    }, PATIENCE_MS);
    await client.end();
  }
}

export function raise(keys: readonly string[]): string {
  const each = (key: string): string =>
    `insert into truth values ('${key}', 1) on conflict (key) do update set version = truth.version + 1;`;
  return keys.map(each).join(' ');
}
