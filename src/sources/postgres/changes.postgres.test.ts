import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { PostgresReader, type ReaderOptions } from '../../../test/support/postgres-reader.ts';
import { pgServers, type PostgresServer } from '../../../test/support/postgres.ts';

vi.setConfig({ testTimeout: 90_000 });

for (const { version, suite, start } of await pgServers()) {
  suite(`changes of PostgreSQL ${version}`, () => {
    let server: PostgresServer;
    let reader: PostgresReader;
    const read = async (options: ReaderOptions = {}): Promise<PostgresReader> => {
      reader = await PostgresReader.start(server, options);
      await reader.until('streaming', () => reader.proofs.length > 0);
      return reader;
    };
    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server.stop());
    beforeEach(() =>
      server.sql(`create table products (id int primary key, category_id int, name text, price numeric, big text);
        alter table products alter column big set storage external`),
    );
    afterEach(async () => {
      await reader.stop();
      await server.dropSlots();
      await server.sql('drop publication tidemark_shop_db; drop table products');
    });

    it('come as events of their entity, one batch for each transaction, in the order of commits', async () => {
      await read();
      await server.sql(`insert into products values (1, 7, 'pen', 1.50)`);
      await server.sql(
        `begin; update products set name = 'Pen'; update products set id = 2; delete from products; commit`,
      );
      await reader.caughtUp();
      expect(reader.types).toEqual(['product.created', 'product.updated', 'product.updated', 'product.deleted']);
      expect(reader.batches.map(({ events, first, commit }) => [events.length, first, commit])).toEqual([
        [1, 0, true],
        [3, 0, true],
      ]);
      const [created, renamed, moved] = reader.events;
      expect(created).toMatchObject({ source: 'shop-db', data: { id: 1, category_id: 7, name: 'pen', price: '1.50' } });
      expect(Math.abs(Date.parse(created!.time!) - Date.now())).toBeLessThan(60_000);
      expect(renamed?.row).toMatchObject({ before: { id: 1 }, beforeHas: 'key' });
      expect(moved?.row).toMatchObject({ before: { id: 1 }, after: { id: 2 } });
      const positions = reader.batches.map(({ position }) => position!);
      expect(positions).toEqual([...positions].sort());
      expect(reader.resume!.position).toMatch(/^[0-9A-F]{16}$/);
    });

    it('of transactions and savepoints that were rolled back never come', async () => {
      await read();
      await server.sql(`begin; insert into products values (1); rollback`);
      await server.sql(`begin; insert into products values (2); savepoint a; insert into products values (3);
        rollback to a; insert into products values (4); savepoint b; insert into products values (5); release b; commit`);
      await reader.caughtUp();
      expect(reader.events.map(({ data }) => (data as { id: number }).id)).toEqual([2, 4, 5]);
    });

    it('of a TRUNCATE are one event for each table', async () => {
      await read();
      await server.sql('insert into products values (1); truncate products');
      await reader.caughtUp();
      expect(reader.types).toEqual(['product.created', 'product.truncated']);
      expect(reader.events[1]?.data).toEqual({
        relations: ['public.products'],
        cascade: false,
        restart_identity: false,
      });
    });

    it('name the columns that are unknown: an unchanged TOAST value, unless the identity is FULL', async () => {
      await server.sql(`insert into products values (1, 7, 'pen', 1, repeat('x', 5000))`);
      await read();
      await server.sql(`update products set name = 'a'`);
      await server.sql(`delete from products`);
      await reader.caughtUp();
      expect(reader.events.map(({ row }) => [row?.unknown, row?.beforeHas, row?.before])).toEqual([
        [['big'], 'key', { id: 1 }],
        [undefined, 'key', { id: 1 }],
      ]);
      expect(reader.events[0]?.data).not.toHaveProperty('big');
      await server.sql('alter table products replica identity full');
      await server.sql(
        `insert into products values (2, 7, 'pen', 1, repeat('x', 5000)); update products set name = 'b'`,
      );
      await reader.caughtUp();
      expect(reader.events.at(-1)?.row).toMatchObject({
        before: { name: 'pen', big: 'x'.repeat(5000) },
        after: { name: 'b', big: 'x'.repeat(5000) },
        beforeHas: 'full',
      });
      expect(reader.events.at(-1)?.row).not.toHaveProperty('unknown');
    });

    it('of more tables keep to those that are followed', async () => {
      await server.sql(
        'create table other (id int primary key); create publication tidemark_shop_db for table products, other',
      );
      await read({ options: { messages: ['shop'] } });
      await server.sql(`insert into other values (1); insert into products values (1)`);
      await server.sql(`select pg_logical_emit_message(true, 'shop', '{"a":1}')`);
      await server.sql(`begin; select pg_logical_emit_message(false, 'tidemark', '{"keys":["product:1"]}'); rollback`);
      await server.sql(`select pg_logical_emit_message(true, 'elsewhere', 'x')`);
      await reader.caughtUp();
      expect(reader.types).toEqual(['product.created', 'message.shop', 'tidemark.invalidation']);
      await server.sql('drop table other');
    });

    it('of partitions carry the name of the table that is followed', async () => {
      await server.sql(`create table sales (id int, day date, primary key (id, day)) partition by range (day);
        create table sales_2026 partition of sales for values from ('2026-01-01') to ('2027-01-01')`);
      await read({ options: { tables: ['products', 'sales'] } });
      await server.sql(`insert into sales values (1, '2026-05-05'); update sales set id = 2; truncate sales`);
      await reader.caughtUp();
      expect(reader.types).toEqual(['sales.created', 'sales.updated', 'sales.truncated']);
      expect(reader.events[1]?.row).toMatchObject({ relation: 'public.sales', before: { id: 1, day: '2026-05-05' } });
      await reader.stop();
      await server.sql('drop table sales');
    });

    it('come within milliseconds of their commit', async () => {
      await read();
      const client = await server.connect();
      const delays: number[] = [];
      for (let i = 0; i < 50; i++) {
        const seen = reader.batches.length;
        await client.query('insert into products values ($1)', [i]);
        const committed = performance.now();
        await reader.until('the event', () => reader.batches.length > seen);
        delays.push(performance.now() - committed);
      }
      delays.sort((a, b) => a - b);
      expect(delays[25]).toBeLessThan(50);
    });

    describe('in bulk', () => {
      it('come in parts of 1,000 and end with their commit', async () => {
        await read();
        await server.sql('insert into products select g from generate_series(1, 2500) g');
        await reader.caughtUp();
        expect(reader.batches.map(({ first, commit, events }) => [first, commit, events.length])).toEqual([
          [0, false, 1000],
          [1000, false, 1000],
          [2000, true, 500],
          [0, true, 0],
        ]);
        expect(new Set(reader.batches.slice(0, 3).map(({ position }) => position)).size).toBe(1);
        expect(reader.batches[3]!.position! > reader.batches[2]!.position!).toBe(true);
      });

      it('keep memory flat: 100,000 rows in one transaction behind a slow consumer', async () => {
        await read();
        let largest = 0;
        let batches = 0;
        const before = process.memoryUsage().rss;
        reader.slow = async (item) => {
          if (item.kind !== 'batch') return;
          if (++batches % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
          largest = Math.max(largest, process.memoryUsage().rss);
          // What is read is not kept here either.
          reader.batches.length = 0;
        };
        await server.sql(
          `insert into products select g, g, repeat('n', 200), 1, repeat('b', 1000) from generate_series(1, 100000) g`,
        );
        await reader.caughtUp();
        expect(batches).toBeGreaterThanOrEqual(100);
        const grownMB = (largest - before) / 2 ** 20;
        expect(grownMB).toBeLessThan(100);
      });
    });
  });
}
