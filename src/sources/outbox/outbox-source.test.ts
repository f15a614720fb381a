import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UNDECODABLE } from '../../model/event.ts';
import type { Position, Resume } from '../../model/position.ts';
import { loadSqlite, type SqliteDatabase, type SqliteOpen } from '../../runtime/sqlite.ts';
import { virtualRuntime, type VirtualRuntime } from '../../runtime/virtual.ts';
import type { SourceItem } from '../source.ts';
import { outboxSource } from './index.ts';
import { outboxOptions } from './options.ts';
import type { OutboxSource } from './outbox-source.ts';
import { positionOf } from './position.ts';
import { outboxSchema } from './schema.ts';

const open: SqliteOpen = await loadSqlite();

let baseDir: string;
let path: string;
let runtime: VirtualRuntime;
let app: SqliteDatabase;
let sources: OutboxSource[];

beforeEach(() => {
  baseDir = mkdtempSync(join(tmpdir(), 'tidemark-outbox-'));
  path = join(baseDir, 'shop.db');
  runtime = virtualRuntime();
  sources = [];
  app = newFile();
});

afterEach(async () => {
  for (const source of sources) await source.close();
  app.close();
  rmSync(baseDir, { recursive: true });
});

function newFile(): SqliteDatabase {
  const db = open(path);
  db.exec(`PRAGMA journal_mode = WAL; ${outboxSchema()}`);
  return db;
}

function insert(...data: readonly (string | null)[]): void {
  for (const json of data) app.prepare(`INSERT INTO outbox (type, data) VALUES ('product.updated', ?)`).run(json);
}

function count(): number {
  return Number(app.prepare('SELECT count(*) AS n FROM outbox').get()?.['n']);
}

/** Pulls items one by one, moving the clock for as long as there is none. */
class Reading {
  readonly #items: AsyncIterator<SourceItem>;
  readonly #stop = new AbortController();
  readonly source: OutboxSource;

  constructor(source: OutboxSource, after: Resume | null) {
    this.source = source;
    this.#items = source.open(after, this.#stop.signal)[Symbol.asyncIterator]();
  }

  async next(withinMs = 1_000): Promise<SourceItem> {
    let result: IteratorResult<SourceItem, unknown> | undefined;
    const pulled = this.#items.next().then((value) => (result = value));
    for (let ms = 0; ms < withinMs && !result; ms += 5) await Promise.race([pulled, runtime.clock.advance(5)]);
    if (!result || result.done) throw new Error(result ? 'the source ended' : 'the source yielded nothing');
    return result.value;
  }

  /** The next item that is not a proof. */
  async change(): Promise<Exclude<SourceItem, { kind: 'proof' }>> {
    for (;;) {
      const item = await this.next();
      if (item.kind !== 'proof') return item;
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

async function read(options: object = {}, after: Resume | null = null): Promise<Reading> {
  const context = { name: 'shop', runtime, columns: new Map<string, Set<string>>(), baseDir };
  const parsed = outboxOptions.parse({ path: 'shop.db', ...options });
  const source = (await outboxSource.open?.(context, parsed)) as OutboxSource;
  sources.push(source);
  return new Reading(source, after);
}

describe('rows of the outbox', () => {
  it('come as one batch in the order of their commits, with the last row as its position', async () => {
    insert('{"id":1}', '{"id":2}');
    const item = await (await read()).change();
    expect(item).toMatchObject({
      kind: 'batch',
      batch: {
        source: 'shop',
        position: '0000000000000000002',
        first: 0,
        commit: true,
        events: [
          { type: 'product.updated', source: 'shop', data: { id: 1 } },
          { type: 'product.updated', source: 'shop', data: { id: 2 } },
        ],
      },
    });
  });

  it('carry id, subject and time where the application gives them', async () => {
    app.exec(
      `INSERT INTO outbox (type, data, id_event, subject, time) VALUES ('t', NULL, 'e-1', 's', '2026-01-01T00:00:00Z')`,
    );
    const item = await (await read()).change();
    expect(item).toMatchObject({
      batch: { events: [{ id: 'e-1', type: 't', subject: 's', time: '2026-01-01T00:00:00Z', data: null }] },
    });
  });
});

describe('proof', () => {
  it('has the time from before the look that found the end', async () => {
    const reading = await read();
    expect(await reading.next()).toEqual({ kind: 'proof', t0: 0 });
    expect(await reading.next()).toEqual({ kind: 'proof', t0: 100 });
    insert('1');
    expect(await reading.data()).toEqual([1]);
    const { t0 } = (await reading.next()) as { t0: number };
    expect(t0).toBe(125);
  });
});
