import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outboxSchema, Tidemark, type Cache } from '../../src/index.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { loadSqlite, type SqliteDatabase } from '../../src/runtime/sqlite.ts';

export const BOUND_MS = 500;

const KEYS = 40;
const READERS = 4;

/**
 * A shop that changes all the time, an outbox that tells of it, and readers of one Tidemark whose own memory holds next to
 * nothing, so that most of what is not loaded comes from the shared layer. Every read is checked against the history.
 */
export class LiveShop {
  readonly tide: Tidemark;
  readonly counts = { source: 0, local: 0, shared: 0 };
  /** Reads that were older than their bound, or than they said. */
  readonly wrong: string[] = [];
  readonly #cache: Cache<number>;
  readonly #folder: string;
  readonly #db: SqliteDatabase;
  /** When each version of each key came to be: `#history[key][version]`. */
  readonly #history = Array.from({ length: KEYS }, () => [-1]);
  readonly #stopped = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  static async open(redis: JsonObject): Promise<LiveShop> {
    const open = await loadSqlite();
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-shop-'));
    const file = join(folder, 'shop.db');
    const db = open(file);
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; ${outboxSchema()}`);
    const tide = await Tidemark.start({
      config: {
        version: 1,
        journal: { type: 'memory' },
        sources: { shop: { type: 'outbox', path: file, interval: '20ms' } },
        layers: { local: { type: 'memory', max_entries: 3 }, shared: { type: 'redis', ...redis } },
        namespaces: { product: { ttl: '1h', max_staleness: BOUND_MS, sources: ['shop'] } },
        contracts: [
          { trigger: 'product.updated', actions: [{ delete_key: 'product:{id}' }, { purge_tag: 'all-{of}' }] },
        ],
      },
    });
    return new LiveShop(tide, folder, db);
  }

  private constructor(tide: Tidemark, folder: string, db: SqliteDatabase) {
    this.tide = tide;
    this.#cache = tide.cache<number>('product');
    this.#folder = folder;
    this.#db = db;
  }

  /** Writes and reads from now on, until `close`. */
  run(): void {
    this.#running = Promise.all([this.#write(), ...Array.from({ length: READERS }, () => this.#read())]);
  }

  /** Waits until the shared layer has everything and answers readers. */
  async well(): Promise<void> {
    const { shared } = this.counts;
    await this.until('the shared layer to be well', () => {
      const layer = this.layer;
      return layer.ok && layer.behind < 100 && this.counts.shared > shared + 20;
    });
  }

  get layer(): { readonly ok: boolean; readonly behind: number; readonly detail?: string } {
    const layer = this.tide.status().layers.find(({ name }) => name === 'shared');
    if (!layer) throw new Error('there is no shared layer');
    return layer;
  }

  /** Lets so many reads be made. */
  async reads(count: number): Promise<void> {
    const all = (): number => this.counts.source + this.counts.local + this.counts.shared;
    const before = all();
    await this.until(`${count} reads`, () => all() >= before + count);
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    for (const from = performance.now(); !holds();) {
      if (performance.now() - from > 30_000)
        throw new Error(`waited in vain for ${what}: ${JSON.stringify([this.layer, this.counts])}`);
      await pause(5);
    }
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
    await this.tide.close();
    this.#db.close();
    rmSync(this.#folder, { recursive: true });
  }

  async #write(): Promise<void> {
    const insert = this.#db.prepare('INSERT INTO outbox (type, data) VALUES (?, ?)');
    for (let n = 0; !this.#stopped.signal.aborted; n++) {
      const id = (n * 7) % KEYS;
      this.#history[id]?.push(Date.now());
      insert.run('product.updated', JSON.stringify({ id, of: n % 97 }));
      await pause(4);
    }
  }

  async #read(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      const id = Math.floor(Math.random() * KEYS);
      const before = Date.now();
      const factory = async (): Promise<number> => {
        const version = (this.#history[id]?.length ?? 0) - 1;
        await pause(1);
        return version;
      };
      const { value, layer, asOf } = await this.#cache.read({ key: `product:${id}`, tags: [`all-${id}`], factory });
      this.counts[layer as keyof typeof this.counts]++;
      this.#check(id, { value, layer, asOf }, before);
      await pause(1);
    }
  }

  #check(id: number, read: { value: number; layer: string; asOf: number }, before: number): void {
    const times = this.#history[id] ?? [];
    const at = (time: number): number => times.findLastIndex((one) => one < time);
    // The wall clock counts whole milliseconds; what happened within two of them has no order here.
    const claimed = at(read.asOf - 2);
    const bound = at(before - BOUND_MS);
    const story = `product:${id} is ${read.value} from ${read.layer}`;
    if (read.value < claimed) this.wrong.push(`${story}, claimed as of when it was ${claimed}`);
    if (read.value < bound) this.wrong.push(`${story}, beyond the bound: it was ${bound}`);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
