import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { vi } from 'vitest';
import type { Cache } from '../../src/client/cache.ts';
import { Tidemark } from '../../src/index.ts';
import type { NamespaceStatus, SourceStatus } from '../../src/model/status.ts';
import { bench, type Bench, type Script } from './pgbench.ts';
import type { PostgresServer } from './postgres.ts';
import { loadVersion, Observed, type Version } from './row-clock.ts';

/** Rows that readers read and most transactions change. */
const HOT = 50;
const IDS = Array.from({ length: HOT }, (_, i) => i + 1);
const READERS = 20;
export const STALENESS_MS = 1_000;

/** Most of it on the hot rows, and nearly all of it committed. */
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

const CONFIG = {
  version: 1,
  namespaces: { item: { ttl: '10m', max_staleness: STALENESS_MS, when_uncertain: 'bypass' } },
  contracts: [{ name: 'item', trigger: 'item.*', actions: [{ delete_key: 'item:{id}' }] }],
  auditor: { rate: 50, concurrency: 2, share: 1 },
};

export interface Tally {
  reads: number;
  /** Answered from the cache. */
  hits: number;
  /** Comparisons with what the database had shown before. */
  checks: number;
  /** Entries that were compared with the database once everything was still. */
  atEnd: number;
  /** Entries that the auditor compared meanwhile, and found right: with complete contracts there is nothing to find. */
  audited: number;
  /** Loads that the database did not answer. */
  failedLoads: number;
  readonly violations: string[];
}

const random = (max: number): number => Math.floor(Math.random() * max);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** Mostly a little, sometimes long: long enough for many commits to pass a load by. */
const slowly = (): Promise<void> => pause(Math.random() < 0.2 ? random(400) : random(20));

export function until(what: string, holds: () => boolean): Promise<void> {
  return vi.waitFor(
    () => {
      if (!holds()) throw new Error(`${what} did not come`);
    },
    { timeout: 150_000, interval: 20 },
  );
}

/**
 * A Tidemark on a database under traffic, with readers that load slowly, and every read checked: its value against what
 * the database had shown `max_staleness` before the read began, and against the age that the read itself gives.
 */
export class WatchedCache {
  readonly tally: Tally = { reads: 0, hits: 0, checks: 0, atEnd: 0, audited: 0, failedLoads: 0, violations: [] };
  readonly tide: Tidemark;
  readonly #server: PostgresServer;
  readonly #folder: string;
  readonly #items: Cache<Version>;
  readonly #pool: pg.Pool;
  readonly #observed: Observed;
  readonly #loops: Promise<void>[];
  #traffic: Bench | null = null;
  #running = true;
  #writing = true;

  static async start(server: PostgresServer): Promise<WatchedCache> {
    const folder = await mkdtemp(join(tmpdir(), 'tidemark-watched-'));
    const db = { type: 'postgres', url: server.url, tables: ['item'], heartbeat: 100 };
    const tide = await Tidemark.start({ cwd: folder, config: { ...CONFIG, sources: { db } } });
    return new WatchedCache(server, folder, tide);
  }

  private constructor(server: PostgresServer, folder: string, tide: Tidemark) {
    this.#server = server;
    this.#folder = folder;
    this.tide = tide;
    this.#items = tide.cache<Version>('item');
    this.#pool = new pg.Pool({ connectionString: server.url, max: READERS + 1, query_timeout: 20_000 });
    this.#pool.on('error', () => undefined);
    this.#observed = new Observed(this.#pool, IDS, 30_000);
    this.#loops = [this.#write(), this.#sample(), ...IDS.slice(0, READERS).map(() => this.#read())];
  }

  get source(): SourceStatus {
    return this.tide.status().sources[0]!;
  }

  get namespace(): NamespaceStatus {
    return this.tide.status().namespaces[0]!;
  }

  /** Waits until that many more reads were answered from the cache. */
  async hits(count: number): Promise<void> {
    const enough = this.tally.hits + count;
    await until(`${count} hits`, () => this.tally.hits >= enough);
  }

  /** Waits for a proof of all that has been committed by now. */
  async proof(): Promise<void> {
    const now = performance.now();
    await until('a proof', () => performance.now() - (this.source.proofAgeMs ?? Infinity) > now);
  }

  /** Ends the traffic, and compares what is cached with what the database has, row by row. */
  async compareAtEnd(): Promise<void> {
    this.#writing = false;
    await this.#traffic?.stop();
    await this.proof();
    this.#running = false;
    await Promise.all(this.#loops);
    const { violations = [], namespaces = [] } = this.tide.status().audit ?? {};
    this.tally.audited = namespaces[0]?.checked ?? 0;
    this.tally.violations.push(...violations.map((one) => `a false alarm of the auditor: ${JSON.stringify(one)}`));
    for (const id of IDS) {
      const cached = this.#items.peek(`item:${id}`);
      if (!cached) continue;
      const now = await loadVersion(this.#pool, id);
      this.tally.atEnd++;
      if (cached.n !== now.n || cached.v !== now.v) {
        this.tally.violations.push(
          `at the end item:${id} is cached as ${JSON.stringify(cached)}, is ${JSON.stringify(now)}`,
        );
      }
    }
  }

  async close(): Promise<void> {
    this.#running = this.#writing = false;
    await this.#traffic?.stop();
    await Promise.all(this.#loops);
    await this.#pool.end();
    await this.tide.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** pgbench gives up when the server goes, or a table: then another one begins. */
  async #write(): Promise<void> {
    while (this.#running && this.#writing) {
      this.#traffic = await bench(this.#server, TRAFFIC, ['-T', '3600', '-c', '3', '-R', '150', '--max-tries=20']);
      await this.#traffic.ended.catch(() => undefined);
      await pause(100);
    }
  }

  async #sample(): Promise<void> {
    while (this.#running) {
      await this.#observed.sample().catch(() => undefined);
      await pause(10);
    }
  }

  async #read(): Promise<void> {
    while (this.#running) {
      await this.#readOne(1 + random(HOT)).catch(() => this.tally.failedLoads++);
      await pause(random(5));
    }
  }

  async #readOne(id: number): Promise<void> {
    const { tally } = this;
    let loaded = false;
    const began = performance.now();
    const { value, maxAgeMs } = await this.#items.read({
      key: `item:${id}`,
      factory: async () => {
        loaded = true;
        await slowly();
        const version = await loadVersion(this.#pool, id);
        await slowly();
        return version;
      },
    });
    tally.reads++;
    if (!loaded) tally.hits++;
    const claims = [
      ['max_staleness', STALENESS_MS],
      ['its own word', maxAgeMs],
    ] as const;
    for (const [what, ageMs] of claims) {
      const least = this.#observed.leastAt(id, began - ageMs);
      if (least > 0) tally.checks++;
      if (value.n >= least) continue;
      const how = loaded ? 'loaded' : 'cached';
      tally.violations.push(`item:${id} ${how} as ${value.n}, was ${least} ${Math.round(ageMs)} ms before (${what})`);
    }
  }
}
