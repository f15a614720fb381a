import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { PostgresReader, type ReaderOptions } from '../../../test/support/postgres-reader.ts';
import { pgServers, type PostgresServer } from '../../../test/support/postgres.ts';

vi.setConfig({ testTimeout: 90_000 });

for (const { version, suite, start } of await pgServers()) {
  suite(`what the feed of PostgreSQL ${version} covers`, () => {
    let server: PostgresServer;
    let reader: PostgresReader;
    const begin = async (options: ReaderOptions = {}): Promise<void> => {
      reader = await PostgresReader.start(server, options);
    };
    const read = async (options: ReaderOptions = {}): Promise<void> => {
      await begin(options);
      await reader.until('streaming', () => reader.proofs.length > 0);
    };
    const refused = async (): Promise<string> => {
      await reader.until('an error', () => reader.errors.length > 0);
      return `${reader.errors[0]!.code}: ${reader.errors[0]!.message}`;
    };
    const codes = (): string[] => reader.gaps.map(({ code }) => code);

    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server.stop());
    beforeEach(() => server.sql('create table products (id int primary key, category_id int, name text)'));
    afterEach(async () => {
      await reader.stop();
      await server.dropSlots();
      await server.sql('drop publication if exists tidemark_shop_db; drop table if exists products, products_old');
    });

    describe('with create: true', () => {
      it('is made so: publication with every operation, and a slot', async () => {
        await read();
        expect(
          await server.sql(
            'select pubname, pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot from pg_publication',
          ),
        ).toEqual([
          {
            pubname: 'tidemark_shop_db',
            pubinsert: true,
            pubupdate: true,
            pubdelete: true,
            pubtruncate: true,
            pubviaroot: true,
          },
        ]);
        expect(await server.sql('select slot_name, plugin, temporary from pg_replication_slots')).toEqual([
          { slot_name: 'tidemark_shop_db', plugin: 'pgoutput', temporary: false },
        ]);
      });

      it('is completed: a publication that lacks operations or tables', async () => {
        await server.sql(`create table other (id int primary key);
          create publication tidemark_shop_db for table other with (publish = 'insert')`);
        await read();
        await server.sql('insert into products values (1)');
        await server.sql('truncate products');
        await reader.caughtUp();
        expect(reader.types).toEqual(['product.created', 'product.truncated']);
        await server.sql('drop table other');
      });

      it('refuses a table without identity, because to publish it would break the updates of its application', async () => {
        await server.sql('create table bare (id int); insert into bare values (1)');
        await begin({ options: { tables: ['products', 'bare'] } });
        const error = await refused();
        expect(error).toContain('POSTGRES_NO_IDENTITY');
        expect(error).toContain('alter table "public"."bare" replica identity full');
        await server.sql('update bare set id = 2');
        await server.sql('alter table bare replica identity full');
        await reader.until('streaming', () => reader.proofs.length > 0);
        await server.sql('update bare set id = 3');
        await reader.caughtUp();
        expect(reader.events[0]?.row).toMatchObject({ before: { id: 2 }, after: { id: 3 }, beforeHas: 'full' });
        await reader.stop();
        await server.sql('drop table bare');
      });

      it('waits for a table that is not there yet', async () => {
        await begin({ options: { tables: ['products', 'later'] } });
        expect(await refused()).toContain(
          'POSTGRES_TABLE_MISSING: a table of the configuration does not exist: public.later',
        );
        await server.sql('create table later (id int primary key)');
        await reader.until('streaming', () => reader.proofs.length > 0);
        await reader.stop();
        await server.sql('drop table later');
      });

      it('refuses a view', async () => {
        await server.sql('create view shown as select 1 as id');
        await begin({ options: { tables: ['shown'] } });
        expect(await refused()).toContain('POSTGRES_NOT_A_TABLE');
        await server.sql('drop view shown');
      });

      it('refuses a slot that belongs to something else', async () => {
        await server
          .sql(`select pg_create_logical_replication_slot('tidemark_shop_db', 'test_decoding')`)
          .catch(() => undefined);
        const [made] = await server.sql(`select slot_name from pg_replication_slots`);
        await server.sql('create database elsewhere').catch(() => undefined);
        if (!made) {
          const client = await server.connect({ database: 'elsewhere' });
          await client.query(`select pg_create_logical_replication_slot('tidemark_shop_db', 'pgoutput')`);
          await client.end();
        }
        await begin();
        expect(await refused()).toContain('POSTGRES_SLOT_FOREIGN');
      });
    });

    describe('with create: false', () => {
      const options = { create: false };

      it('is only checked, and each thing that is missing is said with what to do', async () => {
        await begin({ options });
        expect(await refused()).toMatch(
          /POSTGRES_PUBLICATION_MISSING.*create publication "tidemark_shop_db" for table "public"."products"/,
        );
        await server.sql(`create publication tidemark_shop_db for table products with (publish = 'insert')`);
        await reader.until('the next error', () => reader.errors.at(-1)?.code === 'POSTGRES_PUBLICATION_INCOMPLETE');
        expect(reader.errors.at(-1)?.message).toContain(`set (publish = 'insert, update, delete, truncate')`);
        await server.sql(`alter publication tidemark_shop_db set (publish = 'insert, update, delete, truncate')`);
        await reader.until('the next error', () => reader.errors.at(-1)?.code === 'POSTGRES_SLOT_MISSING');
        await server.sql(`select pg_create_logical_replication_slot('tidemark_shop_db', 'pgoutput')`);
        await reader.until('streaming', () => reader.proofs.length > 0);
        expect(codes()).toEqual(['FIRST_START']);
      });

      it('is fine with a publication of all tables', async () => {
        await server.sql(`create publication tidemark_shop_db for all tables`);
        await server.sql(`select pg_create_logical_replication_slot('tidemark_shop_db', 'pgoutput')`);
        await read({ options });
        await server.sql('insert into products values (1)');
        await reader.caughtUp();
        expect(reader.types).toEqual(['product.created']);
      });

      it('warns of what a publication filters out', async () => {
        await server.sql(`create publication tidemark_shop_db for table products where (id > 10)`);
        await server.sql(`select pg_create_logical_replication_slot('tidemark_shop_db', 'pgoutput')`);
        await read({ options });
        expect(reader.report.warnings?.join()).toContain('has a row filter or a column list for public.products');
      });
    });

    describe('of old values is warned about where contracts need more', () => {
      const columns = { product: ['id', 'category_id'] };
      const warnings = (): string => (reader.report.warnings ?? []).join('; ');

      it('with the default identity: the primary key', async () => {
        await read({ columns });
        expect(warnings()).toContain(
          'contracts read category_id of public.products, whose old value is not in the change feed',
        );
        expect(warnings()).toContain('fix: ALTER TABLE "public"."products" REPLICA IDENTITY FULL');
      });

      it('with an index, where what it covers is enough', async () => {
        await server.sql(`alter table products alter column category_id set not null;
          create unique index by_category on products (id, category_id);
          alter table products replica identity using index by_category`);
        await read({ columns });
        expect(warnings()).toBe('');
      });

      it('with nothing', async () => {
        await server.sql(
          'create publication tidemark_shop_db for table products; alter table products replica identity nothing',
        );
        await read({ columns });
        expect(warnings()).toContain('contracts read id, category_id of public.products');
      });

      it('not with FULL', async () => {
        await server.sql('alter table products replica identity full');
        await read({ columns });
        expect(warnings()).toBe('');
      });

      it('and of columns that do not exist or are generated', async () => {
        await server.sql(
          'alter table products add column twice int generated always as (id * 2) stored, replica identity full',
        );
        await read({ columns: { product: ['twice', 'weight'] } });
        expect(warnings()).toContain('contracts read weight of public.products, which has no such column');
        expect(warnings().includes('twice of public.products, which is generated')).toBe(version < 18);
        await server.sql('insert into products values (4)');
        await reader.caughtUp();
        expect((reader.events[0]?.data as { twice?: number }).twice).toBe(version < 18 ? undefined : 8);
      });
    });

    describe('changes by DDL', () => {
      /** Runs DDL while writers write, and returns what came of it. No proof may come between the two. */
      const underLoad = async (ddl: string, insert: string): Promise<void> => {
        let writing = true;
        const writer = await server.connect();
        const load = (async () => {
          for (let id = 1000; writing; id++)
            await writer
              .query('insert into products (id) values ($1) on conflict do nothing', [id])
              .catch(() => undefined);
        })();
        await reader.until('some load', () => reader.events.length > 20);
        const gaps = reader.gaps.length;
        let proofsAtGap = 0;
        let ddlAt = Infinity;
        const early: number[] = [];
        const watch = reader.slow;
        reader.slow = (item) => {
          if (item.kind === 'gap') proofsAtGap++;
          if (item.kind === 'proof' && item.t0 > ddlAt && proofsAtGap === 0) early.push(item.t0);
          return Promise.resolve();
        };
        await server.sql(ddl);
        ddlAt = performance.now();
        await reader.until('a gap', () => reader.gaps.length > gaps);
        writing = false;
        await load;
        await writer.end();
        await server.sql(insert);
        await reader.caughtUp();
        reader.slow = watch;
        expect(early).toEqual([]);
        expect(reader.gaps.at(-1)?.code).toBe('COVERAGE_CHANGED');
      };

      it.each([
        [
          'a column is added',
          'alter table products add column price int default 5',
          'insert into products values (1, 1, null, 7)',
          { price: 7 },
        ],
        [
          'a column is dropped',
          'alter table products drop column name',
          'insert into products values (1, 2)',
          { category_id: 2 },
        ],
        [
          'a column is renamed',
          'alter table products rename name to label',
          `insert into products values (1, 2, 'x')`,
          { label: 'x' },
        ],
        [
          'a column gets another type',
          'alter table products alter name type int using 3',
          'insert into products values (1, 2, 9)',
          { name: 9 },
        ],
        [
          'the identity becomes FULL',
          'alter table products replica identity full',
          'insert into products values (1, 2, null)',
          { id: 1 },
        ],
        [
          'another table is swapped in',
          `begin; alter table products rename to products_old; create table products (id int primary key, shade text); commit`,
          `insert into products values (1, 'red')`,
          { id: 1, shade: 'red' },
        ],
        [
          'the table is dropped and made again',
          'begin; drop table products; create table products (id int primary key, shade text); commit',
          `insert into products values (1, 'red')`,
          { id: 1, shade: 'red' },
        ],
        [
          'the publication loses the table',
          'alter publication tidemark_shop_db drop table products',
          'insert into products values (1, 2)',
          { id: 1 },
        ],
      ])('are noticed under load before anything more is proven, and healed: %s', async (_what, ddl, insert, last) => {
        await read();
        await underLoad(ddl, insert);
        expect(reader.events.at(-1)?.data).toMatchObject(last);
        expect(codes()).toEqual(['FIRST_START', 'COVERAGE_CHANGED']);
        expect(reader.errors.map(({ code }) => code)).toEqual(['POSTGRES_COVERAGE_CHANGED']);
      });

      it('are noticed when a partition with rows is attached, which no event tells of', async () => {
        await server.sql('create table sales (id int primary key) partition by range (id)');
        await read({ options: { tables: ['sales'] } });
        await server.sql(`create table sales_1 (id int primary key); insert into sales_1 values (1);
          alter table sales attach partition sales_1 for values from (0) to (10)`);
        await reader.until('a gap', () => codes().length > 1);
        await server.sql('insert into sales values (2)');
        await reader.caughtUp();
        expect([codes(), reader.types]).toEqual([['FIRST_START', 'COVERAGE_CHANGED'], ['sales.created']]);
        await reader.stop();
        await server.sql('drop table sales');
      });

      it('are noticed when they happened while nobody watched', async () => {
        await read();
        const { resume } = reader;
        await reader.stop();
        await server.sql(
          'drop table products; create table products (id int primary key); insert into products values (1)',
        );
        await read({ after: resume });
        expect(codes()).toEqual(['COVERAGE_CHANGED']);
        const second = reader.resume;
        await reader.stop();
        await read({ after: second });
        expect(codes()).toEqual([]);
      });

      it('withdraw trust and say so while the table is missing', async () => {
        await read();
        await server.sql('drop table products');
        await reader.until('the reason', () => reader.errors.at(-1)?.code === 'POSTGRES_TABLE_MISSING');
        const { length } = reader.proofs;
        expect(reader.report.state).toBe('waiting');
        await reader.until(
          'another try',
          () => reader.errors.filter(({ code }) => code === 'POSTGRES_TABLE_MISSING').length > 2,
        );
        expect(reader.proofs).toHaveLength(length);
        await server.sql('create table products (id int primary key)');
        await reader.caughtUp();
        expect(codes()).toEqual(['FIRST_START', 'COVERAGE_CHANGED']);
      });

      it('of the publication while a slot holds older log: a new slot, because the old one cannot be decoded', async () => {
        await read();
        const { resume } = reader;
        await reader.stop();
        await server.sql('drop publication tidemark_shop_db');
        await server.sql('insert into products values (1)');
        await read({ after: resume });
        await server.sql('insert into products values (2)');
        await reader.caughtUp();
        expect([codes(), reader.events.length]).toEqual([['COVERAGE_CHANGED'], 1]);
      });
    });

    it('is nothing without wal_level logical, and it says how to get it', async () => {
      const replica = await start({ wal_level: 'replica' });
      const other = await PostgresReader.start(replica);
      await other.until('an error', () => other.errors.length > 0);
      expect([other.errors[0]?.code, other.errors[0]?.reaction]).toEqual(['POSTGRES_WAL_LEVEL', 'halt']);
      await other.stop();
      await replica.stop();
    });
  });
}
