/**
 * Real PostgreSQL driven by pgbench while readers cache rows with loads slowed at random: at no moment does a read give
 * a value that is older than the database beyond `max_staleness`, nor older than the read itself says. The same with
 * the fence switched off must fail, or the test could not see a stale value if there was one.
 *
 * Every read is a check: the value's number against what the database had shown `max_staleness` before the read began.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Client } from 'pg';
import type { Cache } from '../../src/client/cache.ts';
import { Tidemark } from '../../src/index.ts';
import { Fence } from '../../src/trust/fence.ts';
import { needs } from '../support/needs.ts';
import { bench, pgbench, type Bench, type Script } from '../support/pgbench.ts';
import { pgServers, type PostgresServer } from '../support/postgres.ts';
import { createRowClock, loadVersion, Observed, type Version } from '../support/row-clock.ts';

const SECONDS = Number(process.env['TIDEMARK_STALE_SECONDS'] ?? 15);
const STALENESS_MS = 1_000;
/** Rows that readers read and most transactions change; the bulk changes a hundred thousand. */
const HOT = 50;
const ROWS = 100_000;
const READERS = 20;
const IDS = Array.from({ length: HOT }, (_, i) => i + 1);

const TRAFFIC: readonly Script[] = [
  { weight: 10, text: `\\set id random(1, ${HOT})\ninsert into item values (:id, 1) on conflict do nothing;` },
  { weight: 60, text: `\\set id random(1, ${HOT})\nupdate item set v = v + 1 where id = :id;` },
  { weight: 10, text: `\\set id random(1, ${HOT})\ndelete from item where id = :id;` },
  { weight: 15, text: `\\set id random(1, ${HOT})\nbegin;\nupdate item set v = -1 where id = :id;\nrollback;` },
  {
    weight: 5,
    text: `\\set id random(1, ${HOT})\nbegin;\nupdate item set v = v + 1 where id = :id;\nsavepoint a;\nupdate item set v = -2 where id = :id;\nrollback to a;\ncommit;`,
  },
];
const BULK = `update item set v = v + 1;`;
const TRUNCATE = `truncate item;`;
const REFILL = `insert into item select g, 0 from generate_series(1, ${ROWS}) g on conflict do nothing;`;
const CONFIG = {
  version: 1,
  namespaces: { item: { ttl: '10m', max_staleness: STALENESS_MS, when_uncertain: 'bypass' } },
  contracts: [{ name: 'item', trigger: 'item.*', actions: [{ delete_key: 'item:{id}' }] }],
};

interface Tally {
  reads: number;
  hits: number;
  checks: number;
  atEnd: number;
  readonly violations: string[];
}

const random = (max: number): number => Math.floor(Math.random() * max);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const until = (what: string, holds: () => boolean): Promise<void> =>
  vi.waitFor(
    () => {
      if (!holds()) throw new Error(`${what} did not come`);
    },
    { timeout: 150_000, interval: 20 },
  );
/** Mostly a little, sometimes long: long enough for many commits to pass a load by. */
const slowly = (): Promise<void> => pause(Math.random() < 0.2 ? random(400) : random(20));

/** A cache with its readers and the traffic on its database, each read checked as it comes. */
class World {
  readonly tally: Tally = { reads: 0, hits: 0, checks: 0, atEnd: 0, violations: [] };
  readonly #server: PostgresServer;
  readonly #folder: string;
  readonly #tide: Tidemark;
  readonly #items: Cache<Version>;
  readonly #loaders: readonly Client[];
  readonly #observed: Observed;
  readonly #traffic: Bench;
  readonly #loops: Promise<void>[];
  #running = true;

  static async start(server: PostgresServer): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'tidemark-stale-'));
    const db = { type: 'postgres', url: server.url, tables: ['item'], heartbeat: 100 };
    const tide = await Tidemark.start({ cwd: folder, config: { ...CONFIG, sources: { db } } });
    const loaders = await Promise.all(Array.from({ length: READERS }, () => server.connect()));
    const observed = new Observed(await server.connect(), IDS, 30_000);
    const traffic = await bench(server, TRAFFIC, ['-T', '3600', '-c', '3', '-R', '150', '--max-tries=20']);
    return new World(server, folder, tide, loaders, observed, traffic);
  }

  private constructor(
    server: PostgresServer,
    folder: string,
    tide: Tidemark,
    loaders: readonly Client[],
    observed: Observed,
    traffic: Bench,
  ) {
    this.#server = server;
    this.#folder = folder;
    this.#tide = tide;
    this.#items = tide.cache<Version>('item');
    this.#loaders = loaders;
    this.#observed = observed;
    this.#traffic = traffic;
    this.#loops = [this.#sample(), ...loaders.map((client) => this.#read(client))];
  }

  get isFresh(): boolean {
    return this.#tide.status().namespaces[0]?.trust === 'fresh';
  }

  /** Waits until that many more reads were answered from the cache. */
  async hits(count: number): Promise<void> {
    const enough = this.tally.hits + count;
    await until(`${count} hits`, () => this.tally.hits >= enough);
  }

  /** Runs a script once, and waits until freshness is proven again behind it. */
  async once(text: string): Promise<void> {
    await (
      await bench(this.#server, [{ text, weight: 1 }], ['-t', '1', '-c', '1', '--max-tries=20'])
    ).ended;
    const after = performance.now();
    await until('a proof behind it', () => this.#provenAt() > after);
  }

  /** Ends the traffic, and compares what is cached with what the database has, row by row. */
  async compareAtEnd(): Promise<void> {
    await this.#traffic.stop();
    const still = performance.now();
    await until('a proof of the end', () => this.#provenAt() > still);
    const client = this.#loaders[0]!;
    this.#running = false;
    await Promise.all(this.#loops);
    for (const id of IDS) {
      const cached = this.#items.peek(`item:${id}`);
      if (!cached) continue;
      const now = await loadVersion(client, id);
      this.tally.atEnd++;
      if (cached.n !== now.n || cached.v !== now.v) {
        this.tally.violations.push(
          `at the end item:${id} is cached as ${JSON.stringify(cached)}, is ${JSON.stringify(now)}`,
        );
      }
    }
  }

  async close(): Promise<void> {
    this.#running = false;
    await this.#traffic.stop();
    await Promise.all(this.#loops);
    await this.#tide.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #provenAt(): number {
    return performance.now() - (this.#tide.status().sources[0]?.proofAgeMs ?? Infinity);
  }

  async #sample(): Promise<void> {
    while (this.#running) {
      await this.#observed.sample();
      await pause(10);
    }
  }

  async #read(client: Client): Promise<void> {
    while (this.#running) {
      await this.#readOne(client, 1 + random(HOT));
      await pause(random(5));
    }
  }

  async #readOne(client: Client, id: number): Promise<void> {
    const { tally } = this;
    let loaded = false;
    const began = performance.now();
    const { value, maxAgeMs } = await this.#items.read({
      key: `item:${id}`,
      factory: async () => {
        loaded = true;
        await slowly();
        const version = await loadVersion(client, id);
        await slowly();
        return version;
      },
    });
    tally.reads++;
    if (!loaded) tally.hits++;
    for (const [what, ageMs] of [
      ['max_staleness', STALENESS_MS],
      ['its own word', maxAgeMs],
    ] as const) {
      const least = this.#observed.leastAt(id, began - ageMs);
      if (least > 0) tally.checks++;
      if (value.n >= least) continue;
      const how = loaded ? 'loaded' : 'cached';
      tally.violations.push(`item:${id} ${how} as ${value.n}, was ${least} ${Math.round(ageMs)} ms before (${what})`);
    }
  }
}

const bySuite = await needs('pgbench', async () => {
  await pgbench();
  return null;
});

for (const { version, suite, start } of await pgServers()) {
  bySuite(`with pgbench`, () => {
    suite(`a cache fed by PostgreSQL ${version} under load`, () => {
      let server: PostgresServer;
      beforeAll(async () => {
        server = await start({ deadlock_timeout: '100ms', max_connections: 80 });
        await createRowClock(server);
        await server.sql(REFILL);
      });
      afterAll(() => server.stop());

      it(
        'never gives a value older than max_staleness, nor older than it says',
        async () => {
          const world = await World.start(server);
          try {
            const began = performance.now();
            await world.hits(500);
            for (let round = 0; round === 0 || performance.now() - began < SECONDS * 1_000; round++) {
              for (const upheaval of [BULK, TRUNCATE, REFILL]) {
                await world.once(upheaval);
                await world.hits(300);
              }
            }
            await world.compareAtEnd();
            const { violations, ...figures } = world.tally;
            process.stderr.write(
              `stale reads on PostgreSQL ${version}: ${violations.length} of ${JSON.stringify(figures)} in ${Math.round((performance.now() - began) / 1_000)} s\n`,
            );
            expect(violations).toEqual([]);
            expect(figures.checks).toBeGreaterThan(1_000);
            expect(figures.atEnd).toBeGreaterThan(0);
          } finally {
            await world.close();
          }
        },
        600_000 + SECONDS * 2_000,
      );

      it('does so by its fence: switched off, stale values are found', async () => {
        const off = vi.spyOn(Fence.prototype, 'refuses').mockReturnValue(null);
        const world = await World.start(server);
        try {
          await until('a stale value', () => world.tally.violations.length > 0);
        } finally {
          await world.close();
          off.mockRestore();
        }
      }, 180_000);
    });
  });
}
