// Loads that read somewhere else than the primary as it is now, on real servers: a replica whose replay stands still, a
// commit that is on disk and not visible, another history. Each rule is shown by what goes wrong without it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from 'pg';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { Tidemark, type Cache, type Factory, type Observation } from '../../src/index.ts';
import { stamped } from '../../src/postgres/index.ts';
import { pgServers, type PostgresServer } from '../support/postgres.ts';
import { Switchboard } from '../support/switchboard.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const until = (what: string, holds: () => boolean | Promise<boolean>): Promise<void> =>
  vi.waitFor(
    async () => {
      if (!(await holds())) throw new Error(`${what} did not come`);
    },
    { timeout: 60_000, interval: 10 },
  );

for (const { version, suite, start } of await pgServers()) {
  suite(`loads from elsewhere, with PostgreSQL ${version}`, () => {
    let primary: PostgresServer;
    let replica: PostgresServer;
    let board: Switchboard;
    let folder: string;
    let tide: Tidemark;
    let items: Cache<number | null>;
    let writer: Client;
    let reader: Client;
    const refused: Observation['fields'][] = [];

    /** With the source as given; waits until it has proven freshness once. */
    const run = async (source: object = {}): Promise<void> => {
      folder = await mkdtemp(join(tmpdir(), 'tidemark-stamps-'));
      const db = {
        type: 'postgres',
        url: board.url,
        tables: ['item'],
        heartbeat: 50,
        slot: `s${Date.now()}`,
        ...source,
      };
      tide = await Tidemark.start({
        cwd: folder,
        config: {
          version: 1,
          journal: { type: 'memory' },
          sources: { db },
          namespaces: { item: { ttl: '10m', max_staleness: '1m' } },
          contracts: [{ name: 'item', trigger: 'item.*', actions: [{ delete_key: 'item:{id}' }] }],
        },
      });
      items = tide.cache('item');
      tide.on('fill:refused', ({ fields }) => refused.push(fields));
      await proof();
    };
    const proof = async (): Promise<void> => {
      const now = performance.now();
      await until('a proof', () => performance.now() - (tide.status().sources[0]?.proofAgeMs ?? Infinity) > now);
    };
    /** Runs a change and waits until the cache has applied what came of it. */
    const applied = async (change: () => Promise<unknown>): Promise<void> => {
      const { head } = tide;
      await change();
      await until('the event', () => tide.head > head && (tide.status().layers[0]?.watermark ?? 0) >= tide.head);
    };
    const set = (id: number, v: number, on: Client = writer) =>
      on.query('update item set v = $2 where id = $1', [id, v]);
    const text = 'select v from item where id = $1';
    /** A load that says what it has seen. */
    const honest =
      (client: Client, id: number): Factory<number | null> =>
      async (context) => {
        const [row] = await stamped<{ v: number }>(context, client, { source: 'db', text, values: [id] });
        return row?.v ?? null;
      };
    /** A load that lets itself be stamped with the watermark, as if it had read the primary. */
    const careless =
      (client: Client, id: number): Factory<number | null> =>
      async () =>
        (await client.query<{ v: number }>(text, [id])).rows[0]?.v ?? null;
    const get = (id: number, factory: Factory<number | null>) => items.getOrSet({ key: `item:${id}`, factory });
    const lastRefusal = () => refused.at(-1)?.['reason'];
    const pauseReplay = async (): Promise<void> => {
      await reader.query('select pg_wal_replay_pause()');
      await until('the pause', async () => {
        const { rows } = await reader.query<{ state: string }>('select pg_get_wal_replay_pause_state() as state');
        return rows[0]?.state === 'paused';
      });
    };
    const replayed = async (): Promise<void> => {
      const [row] = await primary.sql<{ lsn: string }>('select pg_current_wal_flush_lsn()::text as lsn');
      await until('the replay', async () => {
        const { rows } = await reader.query<{ there: boolean }>(
          'select pg_last_wal_replay_lsn() >= $1::pg_lsn as there',
          [row?.lsn],
        );
        return rows[0]?.there === true;
      });
    };
    const synchronous = async (names: string): Promise<void> => {
      await primary.sql(`alter system set synchronous_standby_names = '${names}'`);
      await primary.sql('select pg_reload_conf()');
      await until('the setting', async () => {
        const [row] = await primary.sql<{ names: string }>(
          `select current_setting('synchronous_standby_names') as names`,
        );
        return row?.names === names;
      });
    };
    /** Commits while the synchronous standby does not answer: the record is on disk, and nobody sees the change. */
    const commitUnseen = async (id: number, v: number): Promise<Promise<unknown>[]> => {
      const { rows } = await writer.query<{ pid: number }>('select pg_backend_pid() as pid');
      const done = set(id, v);
      await until('the wait for the standby', async () => {
        const [row] = await primary.sql<{ wait: string }>(
          'select wait_event as wait from pg_stat_activity where pid = $1',
          [rows[0]?.pid],
        );
        return row?.wait === 'SyncRep';
      });
      return [done];
    };

    beforeAll(async () => {
      primary = await start();
      await primary.sql('create table item (id int primary key, v int); create table note (id int primary key, v int)');
      await primary.sql('insert into item select g, 1 from generate_series(1, 20) g; insert into note values (1, 1)');
      replica = await primary.replica();
      board = await Switchboard.open(primary.port);
      writer = await primary.connect();
      reader = await replica.connect();
    });
    afterAll(async () => {
      await board.close();
      await replica.stop();
      await primary.stop();
    });
    afterEach(async () => {
      await tide.close();
      await rm(folder, { recursive: true, force: true });
    });

    it('a replica that has not got a change is not taken to have seen it (anomalies D14, B11)', async () => {
      await run();
      await replayed();
      await pauseReplay();
      await applied(() => set(1, 2));
      expect(await get(1, honest(reader, 1))).toBe(1);
      expect(lastRefusal()).toBe('key-invalidated');
      // Stamped with the watermark, the old row passes for the new one: stale until its next change.
      await applied(() => set(2, 2));
      expect(await get(2, careless(reader, 2))).toBe(1);
      expect(await get(2, honest(reader, 2))).toBe(1);
      expect(items.peek('item:2')).toBe(1);
      // What has not changed since is stored, as old as the replica is.
      const read = await items.read({ key: 'item:3', factory: honest(reader, 3) });
      expect([items.peek('item:3'), read.value]).toEqual([1, 1]);
      await reader.query('select pg_wal_replay_resume()');
      await replayed();
      expect(await get(1, honest(reader, 1))).toBe(2);
      expect(items.peek('item:1')).toBe(2);
    });

    it('a replica that has not got what a message was about is not taken to have seen it', async () => {
      await run();
      await proof();
      await replayed();
      const note: Factory<number | null> = async (context) => {
        const query = { source: 'db', text: 'select v from note where id = 1' };
        return (await stamped<{ v: number }>(context, reader, query))[0]?.v ?? null;
      };
      await pauseReplay();
      await writer.query('update note set v = v + 1 where id = 1');
      // The table is not followed: only the application says that it has changed.
      await applied(() => items.delete({ key: 'note:1' }));
      await proof();
      await proof();
      expect(await items.getOrSet({ key: 'note:1', factory: note })).toBe(1);
      expect([items.peek('note:1'), lastRefusal()]).toEqual([undefined, 'key-invalidated']);
      await reader.query('select pg_wal_replay_resume()');
      await replayed();
      expect(await items.getOrSet({ key: 'note:1', factory: note })).toBe(2);
      expect(items.peek('note:1')).toBe(2);
    });

    it('with the gate, a commit that is on disk and not visible ends nothing yet, and then all of it (anomaly A4)', async () => {
      await run();
      await synchronous('replica');
      replica.pause();
      const [done] = await commitUnseen(4, 2);
      // The echo lies behind the commit in the log: when it has come back, the commit has come.
      await proof();
      expect(await get(4, careless(await primary.connect(), 4))).toBe(1);
      expect(items.peek('item:4')).toBe(1);
      await applied(async () => {
        replica.resume();
        await done;
      });
      expect(items.peek('item:4')).toBeUndefined();
      await synchronous('');
    });

    it('without the gate, a snapshot says that the commit was not seen, and the watermark does not (anomaly A4)', async () => {
      await run({ gate: false });
      const loads = await primary.connect();
      await until('the barrier of the start', async () => {
        await get(20, honest(loads, 20));
        return items.peek('item:20') === 1;
      });
      await synchronous('replica');
      replica.pause();
      let done: Promise<unknown> | undefined;
      await applied(async () => ([done] = await commitUnseen(5, 2)));
      expect(await get(5, honest(loads, 5))).toBe(1);
      expect([items.peek('item:5'), lastRefusal()]).toEqual([undefined, 'key-invalidated']);
      expect(await get(5, careless(loads, 5))).toBe(1);
      expect([items.peek('item:5'), lastRefusal()]).toEqual([undefined, 'no-stamp']);
      // As if it had seen everything, which is what the watermark would say: stale for good.
      const [system] = await primary.sql<{ id: string }>(
        'select system_identifier::text as id from pg_control_system()',
      );
      const history = `${system!.id}:1`;
      await get(5, async (context) => {
        context.seen({ source: 'db', history, snapshot: '999999:999999:', fresh: true });
        return careless(loads, 5)(context);
      });
      replica.resume();
      await done;
      await proof();
      expect([items.peek('item:5'), (await loads.query<{ v: number }>(text, [5])).rows]).toEqual([1, [{ v: 2 }]]);
      expect(await get(6, honest(loads, 6))).toBe(1);
      expect(items.peek('item:6')).toBe(1);
      await synchronous('');
    });

    it('a transaction with one snapshot is not taken to have seen what came after it began (anomaly A10)', async () => {
      await run();
      const loads = await primary.connect();
      await until('the barrier of the start', async () => {
        await loads.query('begin isolation level repeatable read');
        await get(20, honest(loads, 20));
        await loads.query('commit');
        return items.peek('item:20') === 1;
      });
      await loads.query('begin isolation level repeatable read');
      await loads.query('select 1');
      await applied(() => set(7, 2));
      expect(await get(7, honest(loads, 7))).toBe(1);
      expect([items.peek('item:7'), lastRefusal()]).toEqual([undefined, 'key-invalidated']);
      expect(await get(8, honest(loads, 8))).toBe(1);
      expect(items.peek('item:8')).toBe(1);
      await loads.query('commit');
      expect(await get(7, honest(loads, 7))).toBe(2);
      expect(items.peek('item:7')).toBe(2);
    });

    it('a server that was promoted without the last changes takes what was cached with it (anomaly C10)', async () => {
      await run();
      await replayed();
      await replica.cutOff();
      reader = await replica.connect();
      await applied(() => set(9, 2));
      expect(await get(9, careless(writer, 9))).toBe(2);
      expect(items.peek('item:9')).toBe(2);
      await primary.crash();
      await reader.query('select pg_promote()');
      // Of the new history nothing is known yet: what is loaded from it is not stored.
      const value = await get(10, honest(reader, 10));
      expect([value, items.peek('item:10'), lastRefusal()]).toEqual([1, undefined, 'no-stamp']);
      board.switchTo(replica.port);
      await until('the gap', () => (tide.status().sources[0]?.gaps ?? 0) > 1);
      await proof();
      const { rows } = await reader.query<{ v: number }>(text, [9]);
      expect([items.peek('item:9'), await get(9, honest(reader, 9))]).toEqual([undefined, rows[0]?.v]);
      expect(items.peek('item:9')).toBe(rows[0]?.v);
      expect(rows[0]?.v).toBe(1);
      await applied(() => set(9, 3, reader));
      expect(await get(9, honest(reader, 9))).toBe(3);
      expect(items.peek('item:9')).toBe(3);
    });
  });
}
