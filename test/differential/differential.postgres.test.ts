/**
 * The differential of `model.test.ts` on real PostgreSQL, over the library: random transactions while readers load
 * slowly; when everything is still and a proof covers it, each cached entry must be what a load gives now. Fewer runs,
 * since each takes a while; the seed is printed. Without the fence it must fail.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { Tidemark } from '../../src/index.ts';
import { Fence } from '../../src/trust/fence.ts';
import { CONTRACTS, histories, KEYS, sqlOf, type Step } from '../support/history.ts';
import { pgServers, type PostgresServer } from '../support/postgres.ts';

const RUNS = Number(process.env['TIDEMARK_DIFFERENTIAL_PG_RUNS'] ?? 12);
const SEED = Number(process.env['TIDEMARK_DIFFERENTIAL_SEED'] ?? Date.now() % 1_000_000);
const POLICY = { ttl: '1h', max_staleness: '10m' };

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

for (const { version, suite, start } of await pgServers()) {
  suite(`after any stream of events of PostgreSQL ${version}`, () => {
    let server: PostgresServer;
    let tide: Tidemark;
    let pool: pg.Pool;
    let folder: string;
    let compared = 0;

    beforeAll(async () => {
      server = await start();
      await server.sql(`create table product (id int primary key, category int not null, v int not null);
        alter table product replica identity full`);
      folder = await mkdtemp(join(tmpdir(), 'tidemark-differential-'));
      pool = new pg.Pool({ connectionString: server.url, max: 20 });
      // The server is stopped while sockets of the pool may still be closing.
      pool.on('connect', (client) => client.on('error', () => undefined));
      const db = { type: 'postgres', url: server.url, tables: { 'public.product': 'product' }, heartbeat: 50 };
      tide = await Tidemark.start({
        cwd: folder,
        config: { version: 1, sources: { db }, namespaces: { product: POLICY, list: POLICY }, contracts: CONTRACTS },
      });
      await proof();
    });
    afterAll(async () => {
      await tide.close();
      await pool.end();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    });
    afterEach(() => {
      vi.restoreAllMocks();
    });

    /** Waits for a proof of everything that has been committed by now. */
    async function proof(): Promise<void> {
      const now = performance.now();
      await vi.waitFor(
        () => {
          const { proofAgeMs = Infinity } = tide.status().sources.find(({ name }) => name === 'db') ?? {};
          if (performance.now() - proofAgeMs <= now) throw new Error('no proof came');
        },
        { timeout: 60_000, interval: 10 },
      );
    }

    async function load(key: string): Promise<unknown> {
      const [what, n] = key.split(':');
      const column = what === 'product' ? 'id' : 'category';
      const { rows } = await pool.query(`select id, category, v from product where ${column} = $1 order by id`, [n]);
      return rows;
    }

    async function wrongAtEnd(history: readonly Step[]): Promise<string[]> {
      const reads: Promise<unknown>[] = [];
      await Promise.all(
        ['product', 'list'].map((name) =>
          tide
            .cache(name)
            .clear()
            .then(({ applied }) => applied),
        ),
      );
      for (const step of history) {
        if (step.step === 'wait') await pause(step.ms);
        else if (step.step === 'transaction') await pool.query(sqlOf(step.statements, step.commit));
        else {
          const { key, beforeMs, afterMs } = step;
          const [what = '', n = ''] = key.split(':');
          const factory = async (): Promise<unknown> => {
            await pause(beforeMs);
            const value = await load(key);
            await pause(afterMs);
            return value;
          };
          reads.push(tide.cache(what).getOrSet({ key, tags: what === 'list' ? [`category-${n}`] : [], factory }));
        }
      }
      await Promise.all(reads);
      await proof();
      const wrong: string[] = [];
      for (const key of KEYS) {
        const cached = tide.cache(key.split(':')[0] ?? '').peek(key);
        if (cached === undefined) continue;
        compared++;
        const is = JSON.stringify(await load(key));
        if (is !== JSON.stringify(cached)) wrong.push(`${key} is ${is}, cached as ${JSON.stringify(cached)}`);
      }
      return wrong;
    }

    const property = (): fc.IAsyncProperty<[readonly Step[]]> =>
      fc.asyncProperty(histories(40), async (history) => {
        expect(await wrongAtEnd(history)).toEqual([]);
      });

    it('the cache equals one that is filled from the final database', async () => {
      compared = 0;
      await fc.assert(property(), { numRuns: RUNS, seed: SEED, endOnFailure: true });
      process.stderr.write(
        `differential on PostgreSQL ${version}, seed ${SEED}: ${RUNS} histories, ${compared} entries compared\n`,
      );
      expect(compared).toBeGreaterThan(RUNS / 2);
    });

    it('it would not be without the fence: entries are found that differ', async () => {
      vi.spyOn(Fence.prototype, 'refuses').mockReturnValue(null);
      const { failed } = await fc.check(property(), { numRuns: 300, seed: 1, endOnFailure: true });
      expect(failed).toBe(true);
    });
  });
}
