import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { outboxSchema, type Tidemark } from '../../src/index.ts';
import type { JsonValue } from '../../src/model/json.ts';
import { loadSqlite, type SqliteDatabase } from '../../src/runtime/sqlite.ts';
import { OutboxFile } from '../../src/sources/outbox/outbox-file.ts';
import { VirtualOrigin, type Change } from './origin.ts';

const open = await loadSqlite();

/** How often the source looks; time has to move for it. */
const LOOK_MS = 25;
/** Looks that anything may take before a test gives up. */
const LOOKS_MAX = 2_000;

/** Changes that are announced by rows of an outbox in SQLite, written in the transaction of the change. */
export class Outbox extends VirtualOrigin {
  readonly folder = mkdtempSync(join(tmpdir(), 'tidemark-anomaly-'));
  readonly file = join(this.folder, 'shop.db');
  readonly sources: Readonly<Record<string, JsonValue>>;
  readonly proves = true;
  readonly db: SqliteDatabase = open(this.file);

  constructor(options: Readonly<Record<string, JsonValue>> = {}) {
    super();
    this.db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; ${outboxSchema()}`);
    this.sources = { shop: { type: 'outbox', path: this.file, interval: LOOK_MS, ...options } };
  }

  announce({ events }: Change): void {
    const insert = this.db.prepare('INSERT INTO outbox (type, data, id_event) VALUES (?, ?, ?)');
    this.db.exec('BEGIN');
    for (const { type, data, id } of events) insert.run(type, JSON.stringify(data), id ?? null);
    this.db.exec('COMMIT');
  }

  /** Rows that have not been taken out of the table yet. */
  rows(): number {
    return Number(this.db.prepare('SELECT count(*) AS n FROM outbox').get()?.['n']);
  }

  /** From now on looks find nothing and fail at nothing, as over a connection that is half open, until it is lifted. */
  silence(): () => void {
    const busy = Object.assign(new Error('database is locked'), { errcode: 5, code: 'SQLITE_BUSY' });
    const spies = (['dataVersion', 'page'] as const).map((look) =>
      vi.spyOn(OutboxFile.prototype, look).mockImplementation(() => {
        throw busy;
      }),
    );
    return () => {
      for (const spy of spies) spy.mockRestore();
    };
  }

  async applied(tide: Tidemark): Promise<void> {
    const { clock } = this.runtime;
    const from = clock.mono();
    const proven = (): boolean => {
      const status = tide.status();
      const shop = status.sources.find(({ name }) => name === 'shop');
      const reached = status.layers.every(({ behind }) => behind === 0);
      return reached && clock.mono() - (shop?.proofAgeMs ?? Infinity) > from;
    };
    for (let look = 0; !proven(); look++) {
      if (look === LOOKS_MAX) throw new Error(`the outbox was not read: ${JSON.stringify(tide.status().sources)}`);
      await clock.advance(LOOK_MS);
    }
  }

  override close(): Promise<void> {
    this.db.close();
    rmSync(this.folder, { recursive: true });
    return Promise.resolve();
  }
}

/** Two outboxes, both of which the namespace names: the second is of a part of the application that may fall silent. */
export class TwoOutboxes extends Outbox {
  readonly secondFile = join(this.folder, 'stock.db');
  readonly second: SqliteDatabase = open(this.secondFile);
  override readonly sources: Readonly<Record<string, JsonValue>>;

  constructor() {
    super();
    this.second.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; ${outboxSchema()}`);
    const interval = LOOK_MS;
    this.sources = {
      shop: { type: 'outbox', path: this.file, interval },
      stock: { type: 'outbox', path: this.secondFile, interval },
    };
  }

  override close(): Promise<void> {
    this.second.close();
    return super.close();
  }
}
