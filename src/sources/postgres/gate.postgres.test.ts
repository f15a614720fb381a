// A commit waits for a synchronous standby that does not exist: its record is on disk and sent to the stream, and no
// reader sees it. That is the window in which a load would cache the old row for good (anomaly A4), held open.
import type { Client } from 'pg';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { PostgresReader, type ReaderOptions } from '../../../test/support/postgres-reader.ts';
import { pgServers, type PostgresServer } from '../../../test/support/postgres.ts';

vi.setConfig({ testTimeout: 90_000 });

for (const { version, suite, start } of await pgServers()) {
  suite(`the visibility gate on PostgreSQL ${version}`, () => {
    let server: PostgresServer;
    let writer: Client;
    let reader: PostgresReader;
    const read = async (options: ReaderOptions = {}): Promise<void> => {
      reader = await PostgresReader.start(server, options);
      await reader.until('streaming', () => reader.proofs.length > 0);
    };
    const standby = async (name: string): Promise<void> => {
      await server.sql(`alter system set synchronous_standby_names = '${name}'`);
      await server.sql('select pg_reload_conf()');
      const client = await server.connect();
      await vi.waitFor(async () => {
        const { rows } = await client.query<{ names: string }>(
          `select current_setting('synchronous_standby_names') as names`,
        );
        expect(rows[0]?.names).toBe(name);
      }, 30_000);
      await client.end();
    };
    /** Commits on a connection that then hangs; resolves when the record is on disk. */
    const commitInvisibly = async (text: string): Promise<{ done: Promise<unknown> }> => {
      const { rows } = await writer.query<{ pid: number }>('select pg_backend_pid() as pid');
      const done = writer.query(text);
      await vi.waitFor(async () => {
        const [row] = await server.sql<{ wait_event: string }>(
          'select wait_event from pg_stat_activity where pid = $1',
          [rows[0]?.pid],
        );
        expect(row?.wait_event).toBe('SyncRep');
      }, 10_000);
      return { done };
    };
    const count = async (): Promise<number> => {
      const [row] = await server.sql<{ n: number }>('select count(*)::int as n from products');
      return row!.n;
    };

    beforeAll(async () => {
      server = await start();
      await server.sql('create table products (id int primary key, name text)');
    });
    afterAll(() => server.stop());
    afterEach(async () => {
      await standby('');
      await reader.stop();
      await writer.end();
      await server.sql('truncate products');
    });

    it('holds a commit that nobody can see, goes on proving meanwhile, and lets it out when it is seen', async () => {
      await read();
      writer = await server.connect();
      await standby('ghost');
      const { done } = await commitInvisibly('insert into products values (1)');
      // The echo was written behind the commit: when it has come back, the commit has come, too.
      await reader.caughtUp();
      await reader.caughtUp();
      expect([await count(), reader.types]).toEqual([0, []]);
      await standby('');
      await done;
      await reader.caughtUp();
      expect([await count(), reader.types]).toEqual([1, ['product.created']]);
    });

    it('does not prove while a commit that is seen waits behind one that is not', async () => {
      await read();
      writer = await server.connect();
      await standby('ghost');
      const { done } = await commitInvisibly('insert into products values (1)');
      await server.sql(`begin; set local synchronous_commit = 'local'; insert into products values (2); commit`);
      const seen = performance.now();
      expect(await count()).toBe(1);
      // Ten heartbeats.
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(reader.proofs.at(-1)).toBeLessThan(seen);
      expect(reader.types).toEqual([]);
      await standby('');
      await done;
      await reader.caughtUp();
      expect(reader.events.map(({ data }) => data)).toEqual([
        { id: 1, name: null },
        { id: 2, name: null },
      ]);
    });

    it('is what does it: switched off, the event comes before the row', async () => {
      await read({ options: { gate: false } });
      writer = await server.connect();
      await standby('ghost');
      const { done } = await commitInvisibly('insert into products values (1)');
      await reader.until('the event', () => reader.types.length > 0);
      expect(await count()).toBe(0);
      await standby('');
      await done;
    });

    it('asks one question for many transactions', async () => {
      await read();
      writer = await server.connect();
      const queries = async (): Promise<number> => {
        const [row] = await server.sql<{ n: number }>(
          'select (xact_commit + xact_rollback)::int as n from pg_stat_database where datname = current_database()',
        );
        return row!.n;
      };
      const before = await queries();
      await writer.query(`do $$ begin for i in 1..3000 loop insert into products values (i); commit; end loop; end $$`);
      await reader.caughtUp();
      expect(reader.events).toHaveLength(3000);
      // An idle connection reports what it did after ten seconds only.
      await writer.query('select pg_stat_force_next_flush()');
      await vi.waitFor(async () => {
        expect((await queries()) - before).toBeGreaterThanOrEqual(3000);
      }, 10_000);
      expect((await queries()) - before).toBeLessThan(3000 * 1.5);
    });
  });
}
