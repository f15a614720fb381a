import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { outboxOfEachTest, type OutboxShop } from '../../../test/support/outbox.ts';
import { UNDECODABLE } from '../../model/event.ts';
import { outboxOptions } from './options.ts';
import { positionOf } from './position.ts';
import { outboxSchema } from './schema.ts';

let shop: OutboxShop;
outboxOfEachTest((next) => {
  shop = next;
});

describe('rows of the outbox', () => {
  it('come as one batch in the order of their commits, with the last row as its position', async () => {
    shop.insert('{"id":1}', '{"id":2}');
    const item = await (await shop.read()).change();
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
    shop.app.exec(
      `INSERT INTO outbox (type, data, id_event, subject, time) VALUES ('t', NULL, 'e-1', 's', '2026-01-01T00:00:00Z')`,
    );
    const item = await (await shop.read()).change();
    expect(item).toMatchObject({
      batch: { events: [{ id: 'e-1', type: 't', subject: 's', time: '2026-01-01T00:00:00Z', data: null }] },
    });
  });
});

describe('reading', () => {
  it('goes on behind the row that the journal has', async () => {
    shop.insert('1', '2', '3');
    const { epoch } = await shop.firstResume();
    const reading = await shop.read({}, { epoch, position: positionOf(2) });
    expect(await reading.data()).toEqual([3]);
  });

  it('takes at most `batch` rows at a time, and proves nothing before the last of them', async () => {
    shop.insert('1', '2', '3', '4', '5');
    const reading = await shop.read({ batch: 2 });
    const items = [await reading.next(), await reading.next(), await reading.next(), await reading.next()];
    expect(items.map((item) => (item.kind === 'batch' ? item.batch.events.length : item.kind))).toEqual([
      2,
      2,
      1,
      'proof',
    ]);
  });

  it('sees nothing of a transaction before its commit, and all of it after', async () => {
    const reading = await shop.read();
    shop.app.exec('BEGIN');
    shop.insert('1', '2');
    expect(await reading.next()).toMatchObject({ kind: 'proof' });
    expect(await reading.next()).toMatchObject({ kind: 'proof' });
    shop.app.exec('COMMIT');
    expect(await reading.data()).toEqual([1, 2]);
  });

  it('takes a rolled-back insert for nothing: its id is given again', async () => {
    const reading = await shop.read();
    shop.insert('1');
    shop.app.exec('BEGIN');
    shop.insert('2', '3');
    shop.app.exec('ROLLBACK');
    shop.insert('4');
    expect(await reading.data()).toEqual([1, 4]);
  });

  it('ends when the signal aborts', async () => {
    const reading = await shop.read();
    await reading.next();
    await reading.stop();
    expect(reading.source.report().state).toBe('stopped');
  });

  it('what was yielded and not acknowledged comes again', async () => {
    shop.insert('1', '2');
    const before = await shop.read();
    expect(await before.data()).toEqual([1, 2]);
    await before.stop();
    await before.source.close();
    expect(await (await shop.read()).data()).toEqual([1, 2]);
  });
});

describe('a row that cannot be read', () => {
  it.each([
    ['is not JSON', `'t', '{"id":1,'`, '{"id":1,'],
    ['is JSON that two readers could understand differently', `'t', '{"a":1,"a":2}'`, '{"a":1,"a":2}'],
    ['is not text', `'t', x'ff00'`, '\ufffd\0'],
    ['has an empty type', `' ', '{}'`, '{}'],
  ])('becomes an undecodable event in its place: it %s', async (_, values, text) => {
    shop.insert('1');
    shop.app.exec(`INSERT INTO outbox (type, data) VALUES (${values})`);
    shop.insert('2');
    const item = await (await shop.read()).change();
    expect(item).toMatchObject({
      batch: { events: [{ data: 1 }, { type: UNDECODABLE, data: { row: '2', text } }, { data: 2 }] },
    });
  });
});

describe('acknowledged rows', () => {
  it('are deleted, and no others', async () => {
    shop.insert('1', '2', '3');
    const reading = await shop.read({ batch: 2 });
    await reading.data();
    await reading.source.ack(positionOf(2));
    await reading.data();
    await shop.runtime.clock.advance(300);
    await reading.next();
    expect(
      shop.app
        .prepare('SELECT id FROM outbox')
        .all()
        .map(({ id }) => id),
    ).toEqual([3]);
  });

  it('are deleted many at a time, not with each acknowledgement', async () => {
    const reading = await shop.read();
    shop.insert('1');
    await reading.data();
    await reading.source.ack(positionOf(1));
    await reading.next();
    expect(shop.count()).toBe(0);
    shop.insert('2');
    await reading.data();
    await reading.source.ack(positionOf(2));
    await reading.next();
    expect(shop.count()).toBe(1);
    await reading.next();
    await reading.next();
    await reading.next();
    expect(shop.count()).toBe(0);
  });

  it('are deleted when the source is closed', async () => {
    shop.insert(...Array.from({ length: 1_500 }, (_, n) => String(n)));
    const reading = await shop.read({ batch: 2_000 });
    await reading.data();
    await reading.stop();
    await reading.source.ack(positionOf(1_499));
    await reading.source.close();
    expect(shop.count()).toBe(1);
  });

  it('stay with `keep`, and another may delete them', async () => {
    shop.insert('1', '2');
    const reading = await shop.read({ keep: true });
    await reading.data();
    await reading.source.ack(positionOf(2));
    await shop.runtime.clock.advance(1_000);
    await reading.next();
    expect(shop.count()).toBe(2);
    shop.app.exec('DELETE FROM outbox');
    shop.insert('3');
    expect(await reading.data()).toEqual([3]);
  });

  it('stay while the application holds its write lock, until it does not', async () => {
    shop.insert('1');
    const reading = await shop.read();
    await reading.data();
    await reading.source.ack(positionOf(1));
    shop.app.exec('BEGIN IMMEDIATE');
    for (let n = 0; n < 5; n++) await reading.next();
    expect(shop.count()).toBe(1);
    shop.app.exec('COMMIT');
    for (let n = 0; n < 5; n++) await reading.next();
    expect(shop.count()).toBe(0);
  });
});

describe('before there is anything to read', () => {
  it('waits for the file and says so, without a proof', async () => {
    const reading = await shop.read({ path: 'later.db' });
    await expect(reading.next()).rejects.toThrow('yielded nothing');
    expect(reading.source.report()).toMatchObject({
      state: 'waiting',
      detail: expect.stringContaining('later.db') as string,
    });
    renameSync(shop.path, join(shop.baseDir, 'later.db'));
  });

  it('creates the table when it is missing', async () => {
    const reading = await shop.read({ table: 'changes' });
    expect(await reading.next()).toMatchObject({ kind: 'proof' });
    shop.app.exec(`INSERT INTO changes (type) VALUES ('t')`);
    expect(await reading.data()).toEqual([null]);
  });

  it('waits for the table with `create: false`, and goes on when it is there', async () => {
    const reading = await shop.read({ table: 'changes', create: false });
    const first = reading.next(5_000);
    await shop.runtime.clock.advance(500);
    expect(reading.source.report()).toMatchObject({
      state: 'waiting',
      detail: expect.stringContaining('changes') as string,
    });
    shop.app.exec(outboxSchema('changes'));
    expect(await first).toMatchObject({ kind: 'proof' });
    expect(reading.source.report()).toEqual({ state: 'streaming' });
  });

  it.each([
    ['ids that SQLite gives again', 'id INTEGER PRIMARY KEY, type TEXT, data TEXT', 'AUTOINCREMENT'],
    ['a missing column', 'id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT, data TEXT', 'no column type'],
  ])('refuses a table with %s', async (_, columns, words) => {
    shop.app.exec(`CREATE TABLE changes (${columns})`);
    const reading = await shop.read({ table: 'changes' });
    await expect(reading.next()).rejects.toMatchObject({
      code: 'OUTBOX_TABLE_INVALID',
      message: expect.stringContaining(words) as string,
    });
  });

  it('refuses a file that is no database', async () => {
    const reading = await shop.read({ path: 'no.db' });
    writeFileSync(join(shop.baseDir, 'no.db'), 'x'.repeat(10_000));
    await expect(reading.next()).rejects.toMatchObject({ code: 'OUTBOX_UNREADABLE' });
  });

  it.each(['a; DROP TABLE x', 'sqlite_sequence', '', 'a b', 'a"'])('refuses the table name %j', (table) => {
    expect(outboxOptions.safeParse({ path: 'x', table }).success).toBe(false);
    expect(() => outboxSchema(table)).toThrow(RangeError);
  });
});

describe('a file without write-ahead log', () => {
  it('is read between commits, proves nothing while a commit keeps readers out, and gets a warning', async () => {
    shop.app.exec('PRAGMA journal_mode = DELETE');
    shop.insert('1');
    const reading = await shop.read();
    expect(await reading.data()).toEqual([1]);
    expect(reading.source.report().warnings).toEqual([expect.stringContaining('WAL')]);
    await reading.next();
    shop.app.exec('BEGIN EXCLUSIVE');
    shop.insert('2');
    await expect(reading.next()).rejects.toThrow('yielded nothing');
    shop.app.exec('COMMIT');
  });
});

describe('proof', () => {
  it('has the time from before the look that found the end', async () => {
    const reading = await shop.read();
    expect(await reading.next()).toEqual({ kind: 'proof', t0: 0 });
    expect(await reading.next()).toEqual({ kind: 'proof', t0: 100 });
    shop.insert('1');
    expect(await reading.data()).toEqual([1]);
    const { t0 } = (await reading.next()) as { t0: number };
    expect(t0).toBe(125);
  });
});
