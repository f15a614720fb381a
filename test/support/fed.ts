import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type HttpServer } from '../../src/http/server.ts';
import { outboxSchema, Tidemark } from '../../src/index.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { connect, type Connection, type ConnectOptions } from '../../src/remote/index.ts';
import { realRuntime } from '../../src/runtime/real.ts';
import { loadSqlite } from '../../src/runtime/sqlite.ts';
import { Line } from './line.ts';

const open = await loadSqlite();

/**
 * A shop with an outbox, a daemon that reads it, and a line between the daemon and those it feeds that can be cut, held and mended.
 * What a product is, is in the shop's file; a version counts up with each change.
 */
export class Fed {
  readonly folder = mkdtempSync(join(tmpdir(), 'tidemark-fed-'));
  readonly db = open(join(this.folder, 'shop.db'));
  readonly connections: Connection[] = [];
  readonly line: Line;
  tide!: Tidemark;
  #server!: HttpServer;
  readonly #config: JsonObject;

  static async start(config: JsonObject = {}): Promise<Fed> {
    const fed = new Fed(await Line.open(), config);
    fed.db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; ${outboxSchema()}
      CREATE TABLE product (id INTEGER PRIMARY KEY, version INTEGER NOT NULL);`);
    await fed.up();
    return fed;
  }

  private constructor(line: Line, config: JsonObject) {
    this.line = line;
    this.#config = config;
  }

  /** The daemon starts, on the journal that it had. */
  async up(config: JsonObject = {}): Promise<void> {
    this.tide = await Tidemark.start({
      cwd: this.folder,
      config: {
        version: 1,
        journal: { type: 'sqlite', path: 'journal.db' },
        sources: { shop: { type: 'outbox', path: 'shop.db', interval: 5 }, app: { type: 'http' } },
        namespaces: {
          product: { ttl: '10m', max_staleness: '2s', sources: ['shop'] },
          page: { ttl: '10m', sources: ['shop'] },
        },
        contracts: [
          {
            name: 'product',
            trigger: 'product.*',
            actions: [{ delete_key: 'product:{id}' }, { purge_tag: 'product-{id}' }],
          },
        ],
        ...this.#config,
        ...config,
      },
    });
    this.#server = await createServer(this.tide, { runtime: realRuntime(), host: '127.0.0.1', port: 0 });
    const { url } = await this.#server.listen();
    this.line.to(Number(new URL(url).port));
  }

  async down(): Promise<void> {
    await Promise.all([this.#server.close(), this.tide.close()]);
  }

  async connect(options: Partial<ConnectOptions> = {}): Promise<Connection> {
    const connection = await connect({ url: `http://127.0.0.1:${this.line.port}`, ...options });
    this.connections.push(connection);
    return connection;
  }

  /** Changes a product, and tells of it in the same transaction. */
  change(id: number, silently = false): number {
    this.db.exec('BEGIN');
    this.db.prepare('INSERT INTO product VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET version = version + 1').run(id);
    if (!silently)
      this.db.prepare(`INSERT INTO outbox (type, data) VALUES ('product.updated', ?)`).run(JSON.stringify({ id }));
    this.db.exec('COMMIT');
    return this.version(id);
  }

  version(id: number): number {
    return Number(this.db.prepare('SELECT version FROM product WHERE id = ?').get(id)?.['version'] ?? 0);
  }

  async close(): Promise<void> {
    this.line.mend();
    await Promise.all(this.connections.map((connection) => connection.close()));
    await this.down().catch(() => undefined);
    await this.line.close();
    this.db.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
