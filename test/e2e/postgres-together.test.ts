/**
 * Accounts in pairs on real PostgreSQL: each transaction moves money within a pair, so the two always hold 200 together.
 * Reads of a pair with `consistent` never see half of a transaction; without, they do, or the test could not see it.
 */
import pg from 'pg';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { Tidemark, type Cache } from '../../src/index.ts';
import { pgServers, type PostgresServer } from '../support/postgres.ts';

const PAIRS = 8;
const READS = Number(process.env['TIDEMARK_TOGETHER_READS'] ?? 400);
/** Between two transfers of a pair on average: a few proofs. Now and then the next follows at once, while the pair is still being loaded. */
const TRANSFER_EVERY_MS = 120;

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const keysOf = (pair: number): string[] => [`account:${String(2 * pair)}`, `account:${String(2 * pair + 1)}`];

for (const { version, suite, start } of await pgServers()) {
  suite(`pairs that change together, with PostgreSQL ${version}`, () => {
    let server: PostgresServer;
    let tide: Tidemark;
    let accounts: Cache<number>;
    let pool: pg.Pool;
    const stop = new AbortController();
    let transfers = 0;
    let writing: Promise<unknown>;

    const load = async (key: string): Promise<number> => {
      await pause(Math.random() * 10);
      const { rows } = await pool.query<{ v: number }>('select v from account where id = $1', [key.slice(8)]);
      await pause(Math.random() * 10);
      return rows[0]?.v ?? NaN;
    };
    const write = async (pair: number): Promise<void> => {
      while (!stop.signal.aborted) {
        const ids = [2 * pair, 2 * pair + 1];
        await pool.query(
          'update account set v = case when id = $1 then v - 1 else v + 1 end where id in ($1, $2)',
          ids,
        );
        transfers++;
        await pause(TRANSFER_EVERY_MS * 2 * Math.random());
      }
    };
    /** Reads of all pairs at once, over and over: how many gave a value, and how many saw half of a transfer. */
    const read = async (consistent: boolean): Promise<{ read: number; unreached: number; halves: number }> => {
      const tally = { read: 0, unreached: 0, halves: 0 };
      const reader = async (pair: number): Promise<void> => {
        for (let i = 0; i < READS / PAIRS; i++) {
          try {
            const values = await accounts.getMany({
              keys: keysOf(pair),
              factory: ({ key }) => load(key),
              consistent,
              wait: 2_000,
            });
            tally.read++;
            if (values.reduce((sum, value) => sum + value) !== 200) tally.halves++;
          } catch (error) {
            expect(error).toMatchObject({ code: 'SNAPSHOT_UNREACHED' });
            tally.unreached++;
          }
          await pause(Math.random() * 20);
        }
      };
      await Promise.all(Array.from({ length: PAIRS }, (_, pair) => reader(pair)));
      return tally;
    };

    beforeAll(async () => {
      server = await start();
      await server.sql('create table account (id int primary key, v int not null)');
      await server.sql(`insert into account select g, 100 from generate_series(0, ${String(2 * PAIRS - 1)}) g`);
      pool = new pg.Pool({ connectionString: server.url, max: 20 });
      pool.on('connect', (client) => client.on('error', () => undefined));
      tide = await Tidemark.start({
        config: {
          version: 1,
          journal: { type: 'memory' },
          sources: { db: { type: 'postgres', url: server.url, tables: ['account'], heartbeat: 20 } },
          namespaces: { account: { ttl: '10m', max_staleness: '10s' } },
          contracts: [{ name: 'account', trigger: 'account.*', actions: [{ delete_key: 'account:{id}' }] }],
        },
      });
      accounts = tide.cache('account');
      await vi.waitFor(() => expect(tide.status().sources[0]?.proofAgeMs).toEqual(expect.any(Number)), 60_000);
      writing = Promise.all(Array.from({ length: PAIRS }, (_, pair) => write(pair)));
    });
    afterAll(async () => {
      stop.abort();
      await writing;
      await tide.close();
      await pool.end();
      await server.stop();
    });

    it('are never seen half with `consistent`, and are without it', async () => {
      let apart = await read(false);
      for (let round = 0; apart.halves === 0 && round < 50; round++) apart = await read(false);
      const together = await read(true);
      const figures = JSON.stringify({ apart, together, transfers });
      process.stderr.write(`pairs on PostgreSQL ${version}: ${figures}\n`);
      expect(together.halves, figures).toBe(0);
      expect(together.read, figures).toBeGreaterThan(READS / 4);
      expect(apart.halves, figures).toBeGreaterThan(0);
    });
  });
}
