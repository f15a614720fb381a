import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadSqlite } from '../runtime/sqlite.ts';
import { Shop } from './shop.ts';

let directory: string;
let ids = 0;
const open = (): Promise<Shop> => Shop.open(join(directory, 'shop.db'), () => `event-${++ids}`);

/** What the outbox holds, as its reader sees it. */
async function announced(table = 'outbox'): Promise<readonly unknown[]> {
  const db = (await loadSqlite())(join(directory, 'shop.db'), { readOnly: true });
  try {
    return db.prepare(`SELECT id_event, type, data FROM ${table} ORDER BY id`).all();
  } finally {
    db.close();
  }
}

beforeEach(async () => {
  ids = 0;
  directory = await mkdtemp(join(tmpdir(), 'tidemark-shop-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test('a write changes the row and announces it; what is not there is neither changed nor announced', async () => {
  const shop = await open();
  expect(shop.write(1, { priceCents: 1 })).toMatchObject({ before: { priceCents: 1400 }, after: { priceCents: 1 } });
  expect(shop.write(99, { priceCents: 1 })).toBeNull();
  expect(shop.product(1)?.priceCents).toBe(1);
  const data = '{"product_id":1,"price_cents":1,"category":"Kitchen"}';
  expect(await announced()).toEqual([{ id_event: 'event-1', type: 'product.updated', data }]);
  shop.close();
});

test('when the announcement cannot be written, neither is the change', async () => {
  const shop = await open();
  const db = (await loadSqlite())(join(directory, 'shop.db'));
  db.exec(`CREATE TRIGGER full BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`);
  db.close();
  expect(() => shop.write(1, { priceCents: 1 })).toThrow('the disk is full');
  expect(shop.product(1)?.priceCents).toBe(1400);
  shop.close();
});

test('with the feed cut, writes go on and are announced when it is back, also after a restart', async () => {
  const shop = await open();
  shop.write(1, { priceCents: 1 });
  shop.cutFeed();
  shop.cutFeed();
  shop.write(1, { priceCents: 2 });
  await expect(announced()).rejects.toThrow('no such table');
  shop.close();
  const again = await open();
  expect(again.feedIsCut).toBe(false);
  expect(again.product(1)?.priceCents).toBe(2);
  expect(await announced()).toMatchObject([{ id_event: 'event-1' }, { id_event: 'event-2' }]);
  again.close();
});

test('the projection counts what is there now', async () => {
  const shop = await open();
  shop.write(1, { category: 'Desk' });
  expect(shop.categories()).toContainEqual({ name: 'Desk', products: 2 });
  shop.recount();
  expect(shop.categories()).toEqual([
    { name: 'Desk', products: 3 },
    { name: 'Kitchen', products: 2 },
    { name: 'Outdoors', products: 2 },
  ]);
  shop.close();
});
