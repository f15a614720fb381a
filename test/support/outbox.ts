import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { Resume } from '../../src/model/position.ts';
import { loadSqlite, type SqliteDatabase } from '../../src/runtime/sqlite.ts';
import { virtualRuntime, type VirtualRuntime } from '../../src/runtime/virtual.ts';
import { outboxSource } from '../../src/sources/outbox/index.ts';
import { outboxOptions } from '../../src/sources/outbox/options.ts';
import type { OutboxSource } from '../../src/sources/outbox/outbox-source.ts';
import { outboxSchema } from '../../src/sources/outbox/schema.ts';
import type { SourceItem } from '../../src/sources/source.ts';

const open = await loadSqlite();

/** Pulls items one by one, moving the clock for as long as there is none. */
export class Reading {
  readonly #items: AsyncIterator<SourceItem>;
  readonly #stop = new AbortController();
  readonly source: OutboxSource;
  readonly #runtime: VirtualRuntime;

  constructor(runtime: VirtualRuntime, source: OutboxSource, after: Resume | null) {
    this.#runtime = runtime;
    this.source = source;
    this.#items = source.open(after, this.#stop.signal)[Symbol.asyncIterator]();
  }

  async next(withinMs = 1_000): Promise<SourceItem> {
    let result: IteratorResult<SourceItem, unknown> | undefined;
    const pulled = this.#items.next().then((value) => (result = value));
    for (let ms = 0; ms < withinMs && !result; ms += 5) await Promise.race([pulled, this.#runtime.clock.advance(5)]);
    if (!result || result.done) throw new Error(result ? 'the source ended' : 'the source yielded nothing');
    return result.value;
  }

  /** The next item that is not a proof. */
  async change(): Promise<Exclude<SourceItem, { kind: 'proof' | 'horizon' }>> {
    for (;;) {
      const item = await this.next();
      if (item.kind !== 'proof' && item.kind !== 'horizon') return item;
    }
  }

  async data(): Promise<readonly unknown[]> {
    const item = await this.change();
    if (item.kind !== 'batch') throw new Error(`a ${item.kind} came: ${item.reason}`);
    return item.batch.events.map(({ data }) => data);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#items.next();
  }
}

/** An application with an outbox in a file, and those who read it. */
export class OutboxShop {
  readonly baseDir = mkdtempSync(join(tmpdir(), 'tidemark-outbox-'));
  readonly path = join(this.baseDir, 'shop.db');
  readonly runtime = virtualRuntime();
  app = this.newFile();
  readonly #sources: OutboxSource[] = [];

  newFile(): SqliteDatabase {
    const db = open(this.path);
    db.exec(`PRAGMA journal_mode = WAL; ${outboxSchema()}`);
    return db;
  }

  insert(...data: readonly (string | null)[]): void {
    const row = this.app.prepare(`INSERT INTO outbox (type, data) VALUES ('product.updated', ?)`);
    for (const json of data) row.run(json);
  }

  count(): number {
    return Number(this.app.prepare('SELECT count(*) AS n FROM outbox').get()?.['n']);
  }

  async read(options: object = {}, after: Resume | null = null): Promise<Reading> {
    const { runtime, baseDir } = this;
    const context = { name: 'shop', runtime, columns: new Map<string, Set<string>>(), baseDir };
    const parsed = outboxOptions.parse({ path: 'shop.db', ...options });
    const source = (await outboxSource.open?.(context, parsed)) as OutboxSource;
    this.#sources.push(source);
    return new Reading(runtime, source, after);
  }

  /** Where a reader goes on that has read what is there now. */
  async firstResume(): Promise<Resume> {
    const reading = await this.read();
    const item = await reading.change();
    if (item.kind !== 'batch') throw new Error(item.reason);
    await reading.stop();
    return { epoch: item.batch.epoch, position: item.batch.position! };
  }

  async close(): Promise<void> {
    for (const source of this.#sources) await source.close();
    this.app.close();
    rmSync(this.baseDir, { recursive: true });
  }
}

/** A new one for each test, given to `take` before it. */
export function outboxOfEachTest(take: (shop: OutboxShop) => void): void {
  let shop: OutboxShop;
  beforeEach(() => {
    shop = new OutboxShop();
    take(shop);
  });
  afterEach(() => shop.close());
}
