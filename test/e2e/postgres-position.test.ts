// A session's own writes, on real servers: two processes with a feed each, one of which stands still, and a replica that does.
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { Tidemark, type Cache, type Factory, type Token } from '../../src/index.ts';
import { stamped, type StampedQuery } from '../../src/postgres/index.ts';
import { pgServers, type PostgresServer } from '../support/postgres.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const text = 'select v from item where id = $1';

for (const { version, suite, start } of await pgServers()) {
  suite(`a session's own writes, with PostgreSQL ${version}`, () => {
    let server: PostgresServer;
    let replica: PostgresServer;
    let writer: pg.Client;
    let processes: Process[];
    let runs = 0;

    /** A process that caches the items, with a feed of its own. */
    class Process {
      loads = 0;
      readonly #tide: Tidemark;
      readonly #slot: string;

      private constructor(tide: Tidemark, slot: string) {
        this.#tide = tide;
        this.#slot = slot;
      }

      static async start(): Promise<Process> {
        const slot = `p${String(++runs)}`;
        const tide = await Tidemark.start({
          config: {
            version: 1,
            journal: { type: 'memory' },
            sources: { db: { type: 'postgres', url: server.url, tables: ['item'], heartbeat: 50, slot } },
            namespaces: { item: { ttl: '10m' } },
            contracts: [{ name: 'item', trigger: 'item.*', actions: [{ delete_key: 'item:{id}' }] }],
          },
        });
        const started = new Process(tide, slot);
        await vi.waitFor(() => expect(tide.status().sources[0]?.proofAgeMs).toEqual(expect.any(Number)), {
          timeout: 60_000,
        });
        return started;
      }

      get items(): Cache<number | null> {
        return this.#tide.cache('item');
      }

      get(id: number, options: { atLeast?: Token; wait?: string; factory?: Factory<number | null> } = {}) {
        const factory = async (): Promise<number | null> => {
          this.loads++;
          return (await writer.query<{ v: number }>(text, [id])).rows[0]?.v ?? null;
        };
        return this.items.getOrSet({ key: `item:${String(id)}`, factory, ...options });
      }

      /** Its feed stands still, or goes on. */
      async feed(signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
        const { rows } = await writer.query<{ pid: number }>(
          'select active_pid as pid from pg_replication_slots where slot_name = $1',
          [this.#slot],
        );
        process.kill(rows[0]!.pid, signal);
      }

      async close(): Promise<void> {
        await this.#tide.close();
        await writer.query('select pg_drop_replication_slot($1)', [this.#slot]).catch(() => undefined);
      }
    }

    const set = (id: number, v: number) => writer.query('update item set v = $2 where id = $1', [id, v]);

    beforeAll(async () => {
      server = await start();
      await server.sql('create table item (id int primary key, v int)');
      replica = await server.replica();
      writer = await server.connect();
    });
    afterAll(async () => {
      await replica.stop();
      await server.stop();
    });
    beforeEach(async () => {
      await writer.query('truncate item; insert into item select g, 1 from generate_series(1, 9) g');
      processes = [await Process.start(), await Process.start()];
    });
    afterEach(async () => {
      for (const one of processes) await one.close();
    });

    it('are read back in every process that is given the token, however far its feed is (anomalies D18, D19)', async () => {
      const [here, there] = processes as [Process, Process];
      for (const one of processes) expect(await one.get(1)).toBe(1);
      await there.feed('SIGSTOP');
      await set(1, 2);
      const atLeast = await here.items.position(writer);
      // The token is met here, and stays good for the process where it is not.
      expect(await here.get(1, { atLeast, wait: '30s' })).toBe(2);
      expect(await there.get(1)).toBe(1);
      expect(await there.get(1, { atLeast })).toBe(2);
      await there.feed('SIGCONT');
      expect(await there.get(1, { atLeast, wait: '30s' })).toBe(2);
      // The end of the log may lie behind the commit: then an echo has to come before the token is met.
      const { loads } = there;
      expect(await there.get(1, { atLeast, wait: '30s' })).toBe(2);
      expect(there.loads).toBe(loads);
    });

    it('cost no load of what they have not touched, when the reader waits for the feed', async () => {
      const [here] = processes as [Process];
      await here.get(2);
      await set(1, 2);
      const atLeast = await here.items.position(writer);
      expect(await here.get(2, { atLeast, wait: '30s' })).toBe(1);
      expect(here.loads).toBe(1);
    });

    it('have a position that any connection to the primary can tell, and the source itself', async () => {
      const [here] = processes as [Process];
      const pool = new pg.Pool({ connectionString: server.url, max: 1 });
      for (const connection of [undefined, pool, writer]) {
        await here.get(3);
        await set(3, runs++);
        const expected = (await writer.query<{ v: number }>(text, [3])).rows[0]?.v;
        const atLeast = await here.items.position(connection);
        expect(await here.get(3, { atLeast })).toBe(expected);
      }
      await pool.end();
    });

    it('have none before they are committed, on a replica, and for another kind of connection', async () => {
      const [here] = processes as [Process];
      await writer.query('begin');
      await set(4, 2);
      await expect(here.items.position(writer)).rejects.toThrow('not committed yet');
      await writer.query('rollback');
      const reader = await replica.connect();
      await expect(here.items.position(reader)).rejects.toThrow('ask the primary');
      await expect(here.items.position({})).rejects.toMatchObject({ code: 'OPTION_INVALID' });
      await expect(here.items.position(writer, { source: 'other' })).rejects.toMatchObject({
        code: 'POSITION_UNKNOWN',
      });
      await reader.end();
    });

    it('are read from the primary while the replica has not got them, or not at all', async () => {
      const [here] = processes as [Process];
      const reader = await replica.connect();
      await reader.query('select pg_wal_replay_pause()');
      await vi.waitFor(async () => {
        const { rows } = await reader.query<{ state: string }>('select pg_get_wal_replay_pause_state() as state');
        expect(rows[0]?.state).toBe('paused');
      }, 30_000);
      await set(5, 2);
      const atLeast = await here.items.position(writer);
      const from =
        (more: Partial<StampedQuery>): Factory<number | null> =>
        async (context) =>
          (await stamped<{ v: number }>(context, reader, { source: 'db', text, values: [5], ...more }))[0]?.v ?? null;
      await expect(here.get(5, { atLeast, factory: from({}) })).rejects.toMatchObject({ code: 'POSITION_UNREACHED' });
      expect(await here.get(5, { atLeast, factory: from({ primary: writer }) })).toBe(2);
      expect(await here.get(6, { factory: from({ values: [6], primary: writer }) })).toBe(1);
      await reader.query('select pg_wal_replay_resume()');
      await vi.waitFor(async () => expect(await here.get(7, { atLeast, factory: from({ values: [7] }) })).toBe(1), {
        timeout: 30_000,
      });
      await reader.end();
    });
  });
}
