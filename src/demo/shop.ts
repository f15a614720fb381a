import type { SqliteDatabase, SqliteRow } from '../runtime/sqlite.ts';
import { loadSqlite } from '../runtime/sqlite.ts';
import { outboxSchema } from '../index.ts';
import { CATEGORIES, SEED, type Change, type Product } from './product.ts';

const TABLE = 'outbox';

/** The outbox's name while the feed is cut: nobody else looks for it here. */
const AWAY = 'outbox_away';

const SCHEMA = `
CREATE TABLE IF NOT EXISTS product (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  category TEXT NOT NULL,
  price_cents INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS category (
  name TEXT PRIMARY KEY,
  products INTEGER NOT NULL
);
`;

/** What a committed write left behind. */
export interface Written {
  readonly before: Product;
  readonly after: Product;
  readonly eventId: string;
}

/** The shop's own database: the truth of the demo. It knows nothing of caches, only that changes are announced. */
export class Shop {
  readonly #db: SqliteDatabase;
  readonly #newId: () => string;

  static async open(path: string, newId: () => string): Promise<Shop> {
    const open = await loadSqlite();
    // Long enough for another connection's short transaction, short enough to show when something holds the lock.
    return new Shop(open(path, { timeoutMs: 2_000 }), newId);
  }

  private constructor(db: SqliteDatabase, newId: () => string) {
    this.#db = db;
    this.#newId = newId;
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    if (this.feedIsCut) this.restoreFeed();
    db.exec(SCHEMA + outboxSchema(TABLE));
    if (this.products().length === 0) this.#seed();
    this.recount();
  }

  products(): readonly Product[] {
    return this.#db.prepare('SELECT id, name, category, price_cents FROM product ORDER BY id').all().map(product);
  }

  product(id: number): Product | null {
    const row = this.#db.prepare('SELECT id, name, category, price_cents FROM product WHERE id = ?').get(id);
    return row ? product(row) : null;
  }

  /** The change and its announcement in one transaction: both are there, or neither is. `null`: no such product. */
  write(id: number, change: Change): Written | null {
    return this.#transaction(() => {
      const before = this.product(id);
      if (!before) return null;
      const after = { ...before, ...change };
      this.#db
        .prepare('UPDATE product SET category = ?, price_cents = ? WHERE id = ?')
        .run(after.category, after.priceCents, id);
      const eventId = this.#newId();
      const announced = { product_id: id, price_cents: after.priceCents, category: after.category };
      this.#db
        .prepare(`INSERT INTO ${this.feedIsCut ? AWAY : TABLE} (type, data, id_event) VALUES ('product.updated', ?, ?)`)
        .run(JSON.stringify(announced), eventId);
      return { before, after, eventId };
    });
  }

  /** The projection `category-membership`: how many products each category has, kept as a table of its own. */
  recount(): void {
    this.#transaction(() => {
      this.#db.exec('DELETE FROM category');
      const insert = this.#db.prepare('INSERT INTO category SELECT ?1, count(*) FROM product WHERE category = ?1');
      for (const name of CATEGORIES) insert.run(name);
    });
  }

  categories(): readonly { readonly name: string; readonly products: number }[] {
    return this.#db
      .prepare('SELECT name, products FROM category ORDER BY name')
      .all()
      .map((row) => ({ name: String(row['name']), products: Number(row['products']) }));
  }

  get feedIsCut(): boolean {
    return this.#db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = '${AWAY}'`).get() !== undefined;
  }

  /** Puts the outbox where its reader does not find it. Writes go on, and announce themselves there. */
  cutFeed(): void {
    if (!this.feedIsCut) this.#db.exec(`ALTER TABLE ${TABLE} RENAME TO ${AWAY}`);
  }

  /** Its reader finds it again with every row that came meanwhile: nothing is lost, all of it is late. */
  restoreFeed(): void {
    if (this.feedIsCut) this.#db.exec(`ALTER TABLE ${AWAY} RENAME TO ${TABLE}`);
  }

  close(): void {
    this.#db.close();
  }

  #seed(): void {
    this.#transaction(() => {
      const insert = this.#db.prepare('INSERT INTO product (id, name, category, price_cents) VALUES (?, ?, ?, ?)');
      for (const { id, name, category, priceCents } of SEED) insert.run(id, name, category, priceCents);
    });
  }

  #transaction<T>(work: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      this.#db.exec('ROLLBACK');
      throw error;
    }
  }
}

function product(row: SqliteRow): Product {
  return {
    id: Number(row['id']),
    name: String(row['name']),
    category: String(row['category']),
    priceCents: Number(row['price_cents']),
  };
}
