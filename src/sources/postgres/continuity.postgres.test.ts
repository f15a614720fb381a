import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { PostgresReader, type ReaderOptions } from '../../../test/support/postgres-reader.ts';
import { pgServers, type PostgresServer } from '../../../test/support/postgres.ts';
import { formatLsn, fromPosition, toPosition } from './lsn.ts';

vi.setConfig({ testTimeout: 90_000 });

const SLOT = 'tidemark_shop_db';

for (const { version, suite, start } of await pgServers()) {
  suite(`the feed of PostgreSQL ${version}`, () => {
    let server: PostgresServer;
    let reader: PostgresReader;
    const read = async (options: ReaderOptions = {}): Promise<PostgresReader> => {
      reader = await PostgresReader.start(server, options);
      await reader.until('streaming', () => reader.proofs.length > 0);
      return reader;
    };
    const again = async (options: ReaderOptions = {}): Promise<PostgresReader> => {
      const after = reader.resume;
      await reader.stop();
      return read({ after, ...options });
    };
    const ids = (): unknown[] => reader.events.map(({ data }) => (data as { id: number }).id);
    const slot = async (): Promise<Record<string, unknown>> => {
      const [row] = await server.sql('select * from pg_replication_slots where slot_name = $1', [SLOT]);
      return row!;
    };

    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server.stop());
    beforeEach(() => server.sql('create table products (id int primary key, name text)'));
    afterEach(async () => {
      await reader.stop();
      await server.dropSlots();
      await server.sql(`drop publication if exists ${SLOT}; drop table if exists products`);
    });

    describe('goes on', () => {
      it('with exactly what was not acknowledged', async () => {
        await read({ ack: false });
        for (let id = 1; id <= 5; id++) await server.sql('insert into products values ($1)', [id]);
        await reader.caughtUp();
        expect(ids()).toEqual([1, 2, 3, 4, 5]);
        const third = reader.batches[2]!;
        await again({ after: { epoch: third.epoch, position: third.position! } });
        await reader.caughtUp();
        expect(ids()).toEqual([4, 5]);
        expect(reader.gaps).toEqual([]);
      });

      it('with what was committed while nobody read', async () => {
        await read();
        await server.sql('insert into products values (1)');
        await reader.caughtUp();
        const { resume } = reader;
        await reader.stop();
        await server.sql('insert into products values (2)');
        await server.sql('begin; insert into products values (3); rollback');
        await read({ after: resume });
        await reader.caughtUp();
        expect(ids()).toEqual([2]);
        expect(reader.gaps).toEqual([]);
      });

      it('after its connection was terminated, and takes no echo of before for a new one', async () => {
        await read();
        await reader.until('more echoes in the log', () => reader.proofs.length > 3);
        const { active_pid: pid } = await slot();
        await server.sql('select pg_terminate_backend($1)', [pid]);
        await server.sql('insert into products values (1)');
        await reader.until('an error', () => reader.errors.length > 0);
        await reader.caughtUp();
        expect(reader.errors[0]?.code).toBe('POSTGRES_UNREACHABLE');
        expect([ids(), reader.gaps.map(({ code }) => code)]).toEqual([[1], ['FIRST_START']]);
      });

      it('after the other connections were terminated', async () => {
        await read();
        const { active_pid: pid } = await slot();
        await server.sql(
          `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'tidemark %' and pid <> $1`,
          [pid],
        );
        await reader.until('an error', () => reader.errors.length > 0);
        await server.sql('insert into products values (1)');
        await reader.caughtUp();
        expect([ids(), reader.gaps.map(({ code }) => code)]).toEqual([[1], ['FIRST_START']]);
      });

      it.each(['halt', 'crash'] as const)('after the server has gone and come back (%s)', async (how) => {
        await read();
        await server.sql('insert into products values (1)');
        await server[how]();
        await reader.until('an error', () => reader.errors.length > 1);
        expect(reader.report.state).toBe('waiting');
        await server.start();
        await server.sql('insert into products values (2)');
        await reader.caughtUp();
        expect(new Set(reader.errors.map(({ code }) => code))).toEqual(new Set(['POSTGRES_UNREACHABLE']));
        expect(ids()).toEqual([1, 2]);
        expect(reader.gaps.map(({ code }) => code)).toEqual(['FIRST_START']);
        expect(reader.report.state).toBe('streaming');
      });

      it('and acknowledges only what it was told to', async () => {
        await read({ ack: false });
        const before = (await slot())['confirmed_flush_lsn'];
        await server.sql('insert into products values (1)');
        await reader.caughtUp();
        await new Promise((resolve) => setTimeout(resolve, 2_500));
        expect((await slot())['confirmed_flush_lsn']).toBe(before);
        const [batch] = reader.batches;
        await reader.ack(batch!);
        const acked = formatLsn(fromPosition(batch!.position!)!);
        await vi.waitFor(async () => {
          expect((await slot())['confirmed_flush_lsn']).toBe(acked);
        }, 10_000);
      });

      it('and lets the log go although only other tables are written', async () => {
        await read();
        await server.sql('create table other (t text)');
        const before = fromPosition(reader.resume!.position)!;
        const deadline = performance.now() + 60_000;
        while (reader.resume?.position === toPosition(before) && performance.now() < deadline) {
          await server.sql(`insert into other select repeat('x', 1000) from generate_series(1, 1000)`);
          await new Promise((resolve) => setTimeout(resolve, 200));
        }
        const moved = reader.resume!;
        expect(fromPosition(moved.position)! - before).toBeGreaterThan(1_000_000n);
        expect(reader.events).toEqual([]);
        await vi.waitFor(async () => {
          expect((await slot())['confirmed_flush_lsn']).toBe(formatLsn(fromPosition(reader.resume!.position)!));
        }, 10_000);
        await again();
        expect(reader.gaps).toEqual([]);
        await server.sql('drop table other');
      });

      it('when another process has just left the slot, and says so while it has not', async () => {
        await read();
        const other = await PostgresReader.start(server, { after: reader.resume });
        await other.until('an error', () => other.errors.length > 0);
        expect(other.errors[0]?.code).toBe('POSTGRES_SLOT_BUSY');
        await reader.stop();
        await other.until('streaming', () => other.proofs.length > 0);
        await other.stop();
      });

      it('when this very process still seems to hold the slot, because its end has not got through', async () => {
        await read();
        await reader.stop();
        const { resume } = reader;
        const client = await server.connect();
        await client.query('begin; select pg_current_xact_id()');
        await read({ after: resume });
        await client.end();
        expect(reader.errors).toEqual([]);
      });
    });

    describe('says that there is a gap', () => {
      it('on the first start, because what was cached before was not watched', async () => {
        await read();
        expect(reader.gaps).toMatchObject([{ code: 'FIRST_START' }]);
        expect(reader.gaps[0]!.resume.epoch).toMatch(/^\d+:1:[0-9a-f]{12}$/);
      });

      it('when the slot was dropped while it was stopped', async () => {
        await read();
        await reader.stop();
        await server.sql(`select pg_drop_replication_slot($1)`, [SLOT]);
        await server.sql('insert into products values (1)');
        await again();
        expect(reader.gaps.map(({ code }) => code)).toEqual(['SLOT_MISSING']);
        await server.sql('insert into products values (2)');
        await reader.caughtUp();
        expect(ids()).toEqual([2]);
      });

      it('when the slot was dropped under it', async () => {
        await read();
        const client = await server.connect();
        for (let dropped = false; !dropped;) {
          await client.query(`select pg_terminate_backend(active_pid) from pg_replication_slots where active`);
          dropped = await client.query(`select pg_drop_replication_slot($1)`, [SLOT]).then(
            () => true,
            () => false,
          );
        }
        const gap = await reader.nextGap();
        expect(gap.code).toBe('SLOT_MISSING');
        await server.sql('insert into products values (2)');
        await reader.caughtUp();
        expect(ids()).toEqual([2]);
      });

      it('when the slot was dropped and made again under the same name', async () => {
        await read();
        await server.sql('insert into products values (1)');
        await reader.caughtUp();
        const { resume } = reader;
        await reader.stop();
        await server.sql('insert into products values (2)');
        await server.sql('select pg_drop_replication_slot($1)', [SLOT]);
        await server.sql(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [SLOT]);
        await read({ after: resume });
        expect(reader.gaps.map(({ code }) => code)).toEqual(['SLOT_MOVED']);
      });

      it('when the log that it needed has been removed', async () => {
        await read();
        const { resume } = reader;
        await reader.stop();
        await server.sql(`alter system set max_slot_wal_keep_size = '1MB'`);
        await server.sql('select pg_reload_conf()');
        for (let i = 0; i < 4; i++)
          await server.sql('create table t (n int); drop table t; select pg_switch_wal(); checkpoint');
        expect((await slot())['wal_status']).toBe('lost');
        await read({ after: resume });
        expect(reader.gaps.map(({ code }) => code)).toEqual(['SLOT_LOST']);
        expect((await slot())['wal_status']).not.toBe('lost');
        await server.sql('alter system reset max_slot_wal_keep_size');
        await server.sql('select pg_reload_conf()');
      });

      it('when it is another database system, and when the stored position was never reached', async () => {
        await read();
        const { epoch, position } = reader.resume!;
        await again({ after: { epoch: epoch.replace(/^\d+/, '1'), position } });
        expect(reader.gaps.map(({ code }) => code)).toEqual(['OTHER_SYSTEM']);
        await again({ after: { epoch: epoch.replace(':1:', ':7:'), position } });
        expect(reader.gaps.map(({ code }) => code)).toEqual(['OTHER_TIMELINE']);
        await again({ after: { epoch, position: `F${position.slice(1)}` as typeof position } });
        expect(reader.gaps.map(({ code }) => code)).toEqual(['HISTORY_LOST']);
        expect(reader.resume!.epoch).toBe(`${epoch}:r1`);
        await again();
        expect(reader.gaps).toEqual([]);
      });

      it('only behind the visibility barrier: not while a transaction that may lie below it is still running', async () => {
        await read();
        const { resume } = reader;
        await reader.stop();
        const client = await server.connect();
        await client.query('begin; insert into products values (1)');
        reader = await PostgresReader.start(server, { after: { ...resume!, epoch: '1:1:aa' } });
        await reader.until('the wait', () => reader.report.detail !== undefined);
        expect(reader.report.detail).toBe('waiting for 1 running transaction to end');
        expect(reader.gaps).toEqual([]);
        await client.query('commit');
        await reader.until('the gap', () => reader.gaps.length > 0);
        await reader.caughtUp();
        expect(ids()).toEqual([1]);
        expect(reader.report.detail).toBeUndefined();
      });
    });

    it('can be closed while it waits for the beginning of a slot, and leaves none behind', async () => {
      const client = await server.connect();
      await client.query('begin; select pg_current_xact_id()');
      reader = await PostgresReader.start(server);
      await reader.until('the wait', () => reader.report.detail?.includes('slot') === true);
      await reader.stop();
      await client.query('commit');
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(await server.sql('select slot_name from pg_replication_slots')).toEqual([]);
    });

    it('notices a server that has stopped answering, and goes on when it answers again', async () => {
      await read();
      server.pause();
      const paused = performance.now();
      await reader.until('silence', () => reader.errors.length > 0);
      expect(['POSTGRES_SILENT', 'POSTGRES_UNREACHABLE']).toContain(reader.errors[0]?.code);
      expect(reader.proofs.at(-1)).toBeLessThan(paused + 100);
      server.resume();
      await server.sql('insert into products values (1)');
      await reader.caughtUp();
      expect(ids()).toEqual([1]);
    });
  });
}
