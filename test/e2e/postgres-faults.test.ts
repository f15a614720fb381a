/**
 * What happens to PostgreSQL under load, one after the other on one running cache: stopped and started, killed, frozen,
 * its slot dropped, its table altered, swapped, taken out of the publication, missing for a while. Each time either
 * everything goes on, or trust is withdrawn and the status says why, until it is back. No read is ever stale.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { needs } from '../support/needs.ts';
import { pgbench } from '../support/pgbench.ts';
import { pgServers, type PostgresServer } from '../support/postgres.ts';
import { createRowClock, ROW_CLOCK_TRIGGERS } from '../support/row-clock.ts';
import { until, WatchedCache } from '../support/watched-cache.ts';

const SLOT = 'tidemark_db';

const withPgbench = await needs('pgbench', async () => {
  await pgbench();
  return null;
});

for (const { version, suite, start } of await pgServers()) {
  withPgbench('with pgbench', () => {
    suite(`a cache fed by a PostgreSQL ${version} that things happen to`, () => {
      let server: PostgresServer;
      let watched: WatchedCache;
      beforeAll(async () => {
        server = await start({ deadlock_timeout: '100ms' });
        await createRowClock(server);
        await server.sql('insert into item select g, 0 from generate_series(1, 1000) g');
        watched = await WatchedCache.start(server);
        await watched.hits(200);
      });
      afterAll(async () => {
        await watched.close();
        await server.stop();
      });

      /** Trust is withdrawn, and the status says why. */
      const withdrawn = async (since: number, ...codes: string[]): Promise<void> => {
        await until('distrust', () => watched.namespace.trust === 'uncertain');
        await until(codes.join(' or '), () => {
          const { lastError } = watched.source;
          return lastError !== undefined && lastError.at >= since && codes.includes(lastError.code);
        });
        expect(watched.source.state).toBe('waiting');
        expect(watched.namespace.reason).not.toBe('');
      };
      const recovered = async (): Promise<void> => {
        await watched.proof();
        await until('trust', () => watched.namespace.trust === 'fresh');
        await watched.hits(200);
        expect(watched.tally.violations).toEqual([]);
      };
      const gapAfter = async (what: () => Promise<unknown>): Promise<void> => {
        const { gaps } = watched.source;
        await what();
        await until('a gap', () => watched.source.gaps > gaps);
        await recovered();
      };

      it('goes on after it was stopped and started', async () => {
        const { gaps } = watched.source;
        const since = Date.now();
        await server.halt();
        await withdrawn(since, 'POSTGRES_UNREACHABLE');
        await server.start();
        await recovered();
        expect(watched.source.gaps).toBe(gaps);
      }, 180_000);

      it('goes on after it was killed', async () => {
        const { gaps } = watched.source;
        const since = Date.now();
        await server.crash();
        await withdrawn(since, 'POSTGRES_UNREACHABLE');
        await server.start();
        await recovered();
        expect(watched.source.gaps).toBe(gaps);
      }, 180_000);

      it('goes on after it was frozen, and serves nothing that is older than promised meanwhile', async () => {
        const since = Date.now();
        server.pause();
        await until('distrust', () => watched.namespace.trust === 'uncertain');
        const { hits } = watched.tally;
        await withdrawn(since, 'POSTGRES_SILENT', 'POSTGRES_UNREACHABLE');
        expect(watched.tally.hits).toBe(hits);
        server.resume();
        await recovered();
      }, 180_000);

      it('ends what was cached when its slot is dropped', async () => {
        await gapAfter(async () => {
          const client = await server.connect();
          for (let dropped = false; !dropped;) {
            await client.query('select pg_terminate_backend(active_pid) from pg_replication_slots where active');
            dropped = await client.query('select pg_drop_replication_slot($1)', [SLOT]).then(
              () => true,
              () => false,
            );
          }
          await client.end();
        });
      }, 180_000);

      it.each([
        ['a column is added', 'alter table item add column note text default 1'],
        [
          'a column is renamed and another one dropped',
          'alter table item rename note to remark; alter table item add x int; alter table item drop x',
        ],
        [
          'every row is rewritten, which no event tells of',
          'begin; alter table item alter v type int using v + 1000; update row_clock set n = n + 1; commit',
        ],
        [
          'another table takes its place',
          `begin; alter table item rename to old_item; create table item (id int primary key, v int not null);
           ${ROW_CLOCK_TRIGGERS} insert into item select id, 0 from old_item; update row_clock set n = n + 1; drop table old_item; commit`,
        ],
        ['it is taken out of the publication', `alter publication ${SLOT} drop table item`],
      ])('ends what was cached when %s, under load', (_what, ddl) => gapAfter(() => server.sql(ddl)), 180_000);

      it('withdraws trust while its table is missing, says so, and goes on when there is one again', async () => {
        const since = Date.now();
        await server.sql('begin; drop table item; update row_clock set n = n + 1; commit');
        await withdrawn(since, 'POSTGRES_TABLE_MISSING');
        await gapAfter(() =>
          server.sql(`begin; create table item (id int primary key, v int not null); ${ROW_CLOCK_TRIGGERS}
            insert into item select g, 0 from generate_series(1, 1000) g; commit`),
        );
      }, 180_000);

      it('was never stale in all of this', async () => {
        await watched.compareAtEnd();
        const { violations, ...figures } = watched.tally;
        process.stderr.write(`faults on PostgreSQL ${version}: ${violations.length} of ${JSON.stringify(figures)}\n`);
        expect(violations).toEqual([]);
        expect(figures.checks).toBeGreaterThan(1_000);
        expect(figures.atEnd).toBeGreaterThan(0);
      }, 180_000);
    });
  });
}
