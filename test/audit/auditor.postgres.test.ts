/**
 * The auditor on real PostgreSQL under pgbench. Products are cached with the name of their category, so two tables end
 * them. With both contract lines nothing is found; with one of them removed the auditor finds what goes stale, says which
 * contract is in reach and which is not, and heals it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { Tidemark } from '../../src/index.ts';
import type { JsonObject, JsonValue } from '../../src/model/json.ts';
import type { AuditStatus } from '../../src/model/status.ts';
import { needs } from '../support/needs.ts';
import { bench, pgbench, type Bench } from '../support/pgbench.ts';
import { pgServers, type PostgresServer } from '../support/postgres.ts';

const PRODUCTS = 200;
const CATEGORIES = 10;
const BOTH = [
  { name: 'product', trigger: 'product.*', actions: [{ delete_key: 'product:{id}' }] },
  { name: 'category', trigger: 'category.*', actions: [{ purge_tag: 'category-{id}' }] },
];
const TRAFFIC = [
  { weight: 50, text: `\\set id random(1, ${PRODUCTS})\nupdate product set price = price + 1 where id = :id;` },
  {
    weight: 10,
    text: `\\set id random(1, ${PRODUCTS})\n\\set to random(1, ${CATEGORIES})\nupdate product set category = :to where id = :id;`,
  },
  { weight: 5, text: `\\set id random(1, ${CATEGORIES})\nupdate category set name = name || '.' where id = :id;` },
  {
    weight: 10,
    text: `\\set id random(1, ${PRODUCTS})\nbegin;\nupdate product set price = -1 where id = :id;\nrollback;`,
  },
];

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

const withPgbench = await needs('pgbench', async () => {
  await pgbench();
  return null;
});

for (const { version, suite, start } of await pgServers()) {
  withPgbench('with pgbench', () => {
    suite(`the auditor on PostgreSQL ${version}`, () => {
      let server: PostgresServer;
      let pool: pg.Pool;
      let folder: string;
      let tide: Tidemark;
      let traffic: Bench;
      let readers: Promise<void>[] = [];
      let reading = true;

      beforeAll(async () => {
        server = await start();
        pool = new pg.Pool({ connectionString: server.url, max: 20 });
        await server.sql(`create table category (id int primary key, name text not null);
          create table product (id int primary key, category int not null, price int not null);
          insert into category select g, 'c' || g from generate_series(1, ${CATEGORIES}) g;
          insert into product select g, 1 + g % ${CATEGORIES}, g from generate_series(1, ${PRODUCTS}) g`);
      });
      afterAll(async () => {
        await pool.end();
        await server.stop();
      });
      beforeEach(async () => {
        folder = await mkdtemp(join(tmpdir(), 'tidemark-audit-'));
        reading = true;
      });
      afterEach(async () => {
        reading = false;
        await Promise.all(readers);
        await traffic.stop();
        await tide.close();
        await rm(folder, { recursive: true, force: true });
      });

      async function open(contracts: readonly JsonValue[], auditor: JsonObject): Promise<void> {
        const tables = { 'public.product': 'product', 'public.category': 'category' };
        tide = await Tidemark.start({
          cwd: folder,
          config: {
            version: 1,
            sources: { db: { type: 'postgres', url: server.url, tables, heartbeat: 100 } },
            namespaces: { product: { ttl: '1h', max_staleness: '2s' } },
            contracts,
            auditor: { rate: 100, concurrency: 4, share: 1, ...auditor },
          },
        });
        traffic = await bench(server, TRAFFIC, ['-T', '3600', '-c', '2', '-R', '40']);
        readers = Array.from({ length: 4 }, (_, i) => readOn(i));
      }

      /** Keeps all of the products cached, mostly. */
      async function readOn(from: number): Promise<void> {
        const products = tide.cache('product');
        for (let i = from; reading; i++) {
          const id = 1 + (i % PRODUCTS);
          await products.getOrSet({
            key: `product:${id}`,
            factory: async ({ setTags }) => {
              const { rows } = await pool.query<{ category: number; name: string; price: number }>(
                'select price, category, name from product join category on category.id = category where product.id = $1',
                [id],
              );
              setTags(rows.map(({ category }) => `category-${category}`));
              return rows;
            },
          });
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
      }

      const audit = (): AuditStatus => tide.status().audit!;
      const until = (what: string, holds: () => boolean): Promise<void> =>
        vi.waitFor(
          () => {
            if (!holds()) throw new Error(`${what}: ${JSON.stringify(audit())}`);
          },
          { timeout: 120_000, interval: 50 },
        );

      it('finds nothing while its contracts are complete', async () => {
        await open(BOTH, {});
        await until('1,000 checks', () => audit().namespaces[0]!.checked >= 1_000);
        const { violations, namespaces, dropped } = audit();
        process.stderr.write(`audit on PostgreSQL ${version}: ${JSON.stringify({ ...namespaces[0], dropped })}\n`);
        expect(violations).toEqual([]);
      });

      it('finds what a removed contract line leaves stale, and heals it', async () => {
        await open(BOTH.slice(0, 1), { heal: true });
        const began = performance.now();
        await until('a violation', () => audit().violations.length > 0);
        const [found] = audit().violations;
        process.stderr.write(
          `removed line on PostgreSQL ${version}: found after ${Math.round(performance.now() - began)} ms: ${JSON.stringify(found)}\n`,
        );
        expect(found).toMatchObject({ namespace: 'product', contracts: ['product'] });
        expect(found!.where).toEqual(['[0].name differs (a string)']);
        expect(found!.why).toMatch(/Nothing ends it by its tag category-\d+\. .*no contract reads what changed$/);
        await until('a healing', () => audit().namespaces[0]!.healed > 0);
      });
    });
  });
}
