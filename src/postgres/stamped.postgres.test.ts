// What the place of a connection says, on real servers: a primary, a replica whose replay can be stopped, and its promotion.
import type { Client } from 'pg';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { pgServers, type PostgresServer } from '../../test/support/postgres.ts';
import type { Seen } from '../client/stamping.ts';
import { parseLsn, toPosition } from '../sources/postgres/lsn.ts';
import { placeOf, stamped } from './stamped.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

for (const { version, suite, start } of await pgServers()) {
  suite(`a query that says what it has seen, on PostgreSQL ${version}`, () => {
    let primary: PostgresServer;
    let replica: PostgresServer;
    let history: string;
    let client: Client;
    let seen: Seen[];
    let skipped: number;
    const context = {
      seen: (one: Seen): void => void seen.push(one),
      skip: (): void => void skipped++,
    };
    const ask = (on: Client | pg.Pool, text: string, values: unknown[] = []) =>
      stamped<Record<string, unknown>>(context, on, { source: 'shop-db', text, values });
    /** The replica has replayed everything that the primary has written by now. */
    const caughtUp = async (): Promise<void> => {
      const [row] = await primary.sql<{ lsn: string }>('select pg_current_wal_flush_lsn()::text as lsn');
      await vi.waitFor(
        async () => {
          const [there] = await replica.sql<{ there: boolean }>(
            'select pg_last_wal_replay_lsn() >= $1::pg_lsn as there',
            [row?.lsn],
          );
          expect(there?.there).toBe(true);
        },
        { timeout: 20_000, interval: 5 },
      );
    };

    beforeAll(async () => {
      primary = await start();
      await primary.sql('create table item (id int primary key, v int); insert into item values (1, 1), (2, 2)');
      await primary.sql('create role app login; grant select on item to app');
      replica = await primary.replica();
      const [row] = await primary.sql<{ id: string }>('select system_identifier::text as id from pg_control_system()');
      history = `${row!.id}:1`;
      await caughtUp();
    });
    afterAll(async () => {
      await replica.stop();
      await primary.stop();
    });
    beforeEach(async () => {
      seen = [];
      skipped = 0;
      client = await primary.connect();
    });
    afterEach(() => client.end());

    it('gives the rows of the query and the snapshot that it saw at least', async () => {
      expect(await ask(client, 'select id, v from item where id = any($1) order by id', [[1, 2]])).toEqual([
        { id: 1, v: 1 },
        { id: 2, v: 2 },
      ]);
      expect(seen).toEqual([{ source: 'shop-db', history, snapshot: expect.stringMatching(/^\d+:\d+:/), fresh: true }]);
    });

    it('leaves nothing of itself in the answer: no rows, columns of one name, no values, types of the client', async () => {
      expect(await ask(client, 'select * from item where false')).toEqual([]);
      expect(await ask(client, 'select 1 as a, 2 as a')).toEqual([{ a: 2 }]);
      expect(await ask(client, 'select $1::int8 as big, now() as now', ['7'])).toEqual([
        { big: '7', now: expect.any(Date) },
      ]);
      expect(seen).toHaveLength(3);
      expect((await client.query<{ v: number }>('select v from item where id = 1')).rows).toEqual([{ v: 1 }]);
    });

    it('passes the error of the query on, says nothing, and leaves the connection usable', async () => {
      await expect(ask(client, 'select nonsense')).rejects.toMatchObject({ code: '42703' });
      await expect(ask(client, 'select 1 / $1::int', [0])).rejects.toMatchObject({ code: '22012' });
      expect(seen).toEqual([]);
      expect(await ask(client, 'select 1 as one')).toEqual([{ one: 1 }]);
    });

    it('is one round trip', async () => {
      type Socket = Record<'_write' | '_writev', () => void>;
      const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
      const writes = [vi.spyOn(stream, '_write'), vi.spyOn(stream, '_writev')];
      await ask(client, 'select 1');
      expect(writes.reduce((sum, { mock }) => sum + mock.calls.length, 0)).toBe(1);
    });

    it('may be asked by a role without any privilege but to read the table', async () => {
      for (const server of [primary, replica]) {
        const app = await server.connect({ user: 'app' });
        expect(await ask(app, 'select v from item where id = 1')).toEqual([{ v: 1 }]);
        await app.end();
      }
      expect(seen.map((one) => one.history)).toEqual([history, history]);
    });

    it('takes one connection of a pool for both, and gives it back, also after an error', async () => {
      const pool = new pg.Pool({ connectionString: primary.url, max: 1 });
      expect(await ask(pool, 'select 1 as one')).toEqual([{ one: 1 }]);
      await expect(ask(pool, 'nonsense')).rejects.toMatchObject({ code: '42601' });
      expect(await ask(pool, 'select 2 as two')).toEqual([{ two: 2 }]);
      expect(seen).toHaveLength(2);
      await pool.end();
    });

    it('runs in a pipeline with others', async () => {
      const piped = await primary.connect({ pipeline: true });
      const answers = await Promise.all([
        ask(piped, 'select 1 as n'),
        piped.query<{ n: number }>('select 2 as n').then(({ rows }) => rows),
        ask(piped, 'select 3 as n'),
      ]);
      expect(answers).toEqual([[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]]);
      await piped.end();
    });

    it('in a transaction with one snapshot says that snapshot, and that it is not of now (anomaly A10)', async () => {
      for (const level of ['repeatable read', 'serializable']) {
        await client.query(`begin isolation level ${level}`);
        await ask(client, 'select v from item where id = 1');
        await primary.sql('update item set v = v + 1 where id = 1');
        await ask(client, 'select v from item where id = 1');
        await client.query('commit');
      }
      expect(seen[0]).toEqual(seen[1]);
      expect(seen[2]).toEqual(seen[3]);
      expect(seen.map((one) => 'fresh' in one && one.fresh)).toEqual([false, false, false, false]);
      await client.query('begin');
      await ask(client, 'select 1');
      await client.query('commit');
      expect(seen[4]).toMatchObject({ fresh: true });
    });

    it('in a transaction that has written is not for the cache (anomaly A11)', async () => {
      await client.query('begin');
      await client.query('update item set v = 99 where id = 2');
      expect(await ask(client, 'select v from item where id = 2')).toEqual([{ v: 99 }]);
      await client.query('rollback');
      expect([skipped, seen]).toEqual([1, []]);
    });

    it('on a replica says how far that had replayed before the query', async () => {
      const reader = await replica.connect();
      await reader.query('select pg_wal_replay_pause()');
      const paused = (await reader.query<{ lsn: string }>('select pg_last_wal_replay_lsn()::text as lsn')).rows[0]!.lsn;
      await primary.sql('update item set v = 70 where id = 2');
      const before = (await ask(reader, 'select v from item where id = 2'))[0]?.['v'];
      expect(before).not.toBe(70);
      const told = toPosition(parseLsn(paused)!);
      expect(seen).toEqual([{ source: 'shop-db', history, replayedTo: told }]);
      await reader.query('select pg_wal_replay_resume()');
      await caughtUp();
      expect(await ask(reader, 'select v from item where id = 2')).toEqual([{ v: 70 }]);
      const after = seen[1] && 'replayedTo' in seen[1] ? seen[1].replayedTo : '';
      expect(after > told).toBe(true);
      await reader.end();
    });

    it('on a replica in a transaction with one snapshot says only what is sure to have ended', async () => {
      const reader = await replica.connect();
      await reader.query('begin isolation level repeatable read');
      const first = await placeOf(reader);
      await primary.sql('update item set v = 71 where id = 2');
      await caughtUp();
      await ask(reader, 'select v from item where id = 2');
      await reader.query('commit');
      await reader.end();
      expect(seen).toEqual([{ source: 'shop-db', ...first }]);
      expect(first).toMatchObject({ history, fresh: false, snapshot: expect.stringMatching(/^(\d+):\1:$/) });
    });

    it('shows the interleaving that one statement for both would have lost: the log is read on behind a snapshot', async () => {
      const reader = await replica.connect();
      const slow = reader.query<{ v: number; lsn: string }>(
        `select v, (select pg_last_wal_replay_lsn()::text from pg_sleep(0.5)) as lsn from item where id = 2`,
      );
      await primary.sql('update item set v = 72 where id = 2');
      const [row] = await primary.sql<{ lsn: string }>('select pg_current_wal_flush_lsn()::text as lsn');
      const [read] = (await slow).rows;
      const [order] = await primary.sql<{ ahead: boolean }>('select $1::pg_lsn >= $2::pg_lsn as ahead', [
        read?.lsn,
        row?.lsn,
      ]);
      expect([read?.v, order?.ahead]).toEqual([71, true]);
      await reader.end();
    });

    it('is refused by a client that is not of pg', async () => {
      await expect(ask({ query: () => undefined } as unknown as Client, 'select 1')).rejects.toThrow('client of `pg`');
    });

    it('on a replica that was promoted tells another history', async () => {
      const reader = await replica.connect();
      await reader.query('select pg_promote()');
      await ask(reader, 'select 1');
      expect(seen).toMatchObject([{ history: history.replace(/:1$/, ':2'), fresh: true }]);
      await reader.end();
    });
  });
}
