/**
 * Real PostgreSQL driven by pgbench (insert, update, delete, rolled-back transactions and savepoints, bulk updates of
 * 100,000 rows, TRUNCATE) while readers cache rows with loads slowed at random: at no moment does a read give a value
 * that is older than the database beyond `max_staleness`, nor older than the read itself says. The same with the fence
 * switched off must fail, or the test could not see a stale value if there was one.
 */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { Fence } from '../../src/trust/fence.ts';
import { needs } from '../support/needs.ts';
import { bench, pgbench } from '../support/pgbench.ts';
import { pgServers, type PostgresServer } from '../support/postgres.ts';
import { createRowClock } from '../support/row-clock.ts';
import { until, WatchedCache } from '../support/watched-cache.ts';

const SECONDS = Number(process.env['TIDEMARK_STALE_SECONDS'] ?? 15);
const fill = (rows: number): string =>
  `insert into item select g, 0 from generate_series(1, ${rows}) g on conflict do nothing;`;
const BULK = 'update item set v = v + 1;';
const TRUNCATE = 'truncate item;';

const withPgbench = await needs('pgbench', async () => {
  await pgbench();
  return null;
});

for (const { version, suite, start } of await pgServers()) {
  withPgbench('with pgbench', () => {
    suite(`a cache fed by PostgreSQL ${version} under load`, () => {
      let server: PostgresServer;
      beforeAll(async () => {
        server = await start({ deadlock_timeout: '100ms' });
        await createRowClock(server);
        await server.sql(fill(100_000));
      });
      afterAll(() => server.stop());

      it(
        'never gives a value older than max_staleness, nor older than it says',
        async () => {
          const watched = await WatchedCache.start(server);
          try {
            const began = performance.now();
            await watched.hits(500);
            for (let round = 0; round === 0 || performance.now() - began < SECONDS * 1_000; round++) {
              for (const text of [...(round > 0 ? [fill(100_000)] : []), BULK, TRUNCATE, fill(1_000)]) {
                await (
                  await bench(server, [{ text, weight: 1 }], ['-t', '1', '-c', '1', '--max-tries=20'])
                ).ended;
                await watched.proof();
                await watched.hits(300);
              }
            }
            await watched.compareAtEnd();
            const { violations, ...figures } = watched.tally;
            const seconds = Math.round((performance.now() - began) / 1_000);
            process.stderr.write(
              `stale on PostgreSQL ${version}: ${violations.length} of ${JSON.stringify(figures)}, ${seconds} s\n`,
            );
            expect(violations).toEqual([]);
            expect(figures.checks).toBeGreaterThan(1_000);
            expect(figures.atEnd).toBeGreaterThan(0);
            // Rows change every few hundred milliseconds, so most looks end with an event.
            expect(figures.audited).toBeGreaterThan(20);
          } finally {
            await watched.close();
          }
        },
        600_000 + SECONDS * 2_000,
      );

      it('does so by its fence: switched off, stale values are found', async () => {
        const off = vi.spyOn(Fence.prototype, 'refuses').mockReturnValue(null);
        const watched = await WatchedCache.start(server);
        try {
          await until('a stale value', () => watched.tally.violations.length > 0);
        } finally {
          await watched.close();
          off.mockRestore();
        }
      }, 180_000);
    });
  });
}
