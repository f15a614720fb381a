import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as jetstream from '@nats-io/jetstream';
import { createServer, type HttpServer } from '../../src/http/server.ts';
import { outboxSchema, Tidemark } from '../../src/index.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { connect, type Connection, type ConnectOptions } from '../../src/remote/index.ts';
import { realRuntime } from '../../src/runtime/real.ts';
import { loadSqlite } from '../../src/runtime/sqlite.ts';
import { Line } from './line.ts';
import { NatsServer } from './nats.ts';

const open = await loadSqlite();

/** How a process is fed. */
export type Way = 'http' | 'nats';

const STREAM = 'fed';

/**
 * A shop with an outbox, a daemon that reads it, and a line that can be cut, held and mended: to those it feeds from the daemon, or from
 * the server of NATS on which its journal is. What a product is, is in the shop's file; a version counts up with each change.
 */
export class Fed {
  readonly folder = mkdtempSync(join(tmpdir(), 'tidemark-fed-'));
  readonly db = open(join(this.folder, 'shop.db'));
  readonly connections: Connection[] = [];
  readonly line: Line;
  tide!: Tidemark;
  #server!: HttpServer;
  readonly #config: JsonObject;
  readonly nats: NatsServer | null;

  static async start(way: Way = 'http', config: JsonObject = {}): Promise<Fed> {
    const fed = new Fed(await Line.open(), way === 'nats' ? await NatsServer.start() : null, config);
    fed.db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; ${outboxSchema()}
      CREATE TABLE product (id INTEGER PRIMARY KEY, version INTEGER NOT NULL);`);
    await fed.up();
    return fed;
  }

  private constructor(line: Line, nats: NatsServer | null, config: JsonObject) {
    this.line = line;
    this.nats = nats;
    const journal = nats ? { type: 'nats', servers: nats.url, stream: STREAM } : { type: 'sqlite', path: 'journal.db' };
    this.#config = { journal, ...config };
  }

  get url(): string {
    return `${this.nats ? 'nats' : 'http'}://127.0.0.1:${this.line.port}`;
  }

  /** The daemon starts, on the journal that it had. */
  async up(config: JsonObject = {}): Promise<void> {
    this.tide = await this.relay(config);
    this.#server = await createServer(this.tide, { runtime: realRuntime(), host: '127.0.0.1', port: 0 });
    const { url } = await this.#server.listen();
    this.line.to(this.nats?.port ?? Number(new URL(url).port));
  }

  /** A daemon, or on NATS another one. */
  relay(config: JsonObject = {}): Promise<Tidemark> {
    return Tidemark.start({
      cwd: this.folder,
      config: {
        version: 1,
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
  }

  async down(): Promise<void> {
    await Promise.all([this.#server.close(), this.tide.close()]);
  }

  /** The daemon is down, and its journal is gone with all that it was made of. */
  async forget(): Promise<void> {
    await this.down();
    if (!this.nats) {
      for (const file of readdirSync(this.folder)) if (file.startsWith('journal.db')) rmSync(join(this.folder, file));
      return;
    }
    const client = await this.nats.connect();
    const streams = (await jetstream.jetstreamManager(client)).streams;
    for (const name of [STREAM, `KV_${STREAM}-state`]) await streams.delete(name);
    await client.close();
  }

  async connect(options: Partial<ConnectOptions> = {}): Promise<Connection> {
    const connection = await connect({ url: this.url, stream: STREAM, ...options });
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
    await this.nats?.stop();
    this.db.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
