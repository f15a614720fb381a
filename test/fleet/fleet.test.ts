// The fleet for less than a minute, as `npm run fleet` runs it: real servers, daemon and processes, real faults.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { run } from '../support/children.ts';
import { natsSuite } from '../support/nats.ts';
import { needs } from '../support/needs.ts';
import { pgbench } from '../support/pgbench.ts';
import { redisSuite } from '../support/redis.ts';
import type { Report } from './report.ts';

const SCRIPT = join(import.meta.dirname, '..', '..', 'scripts', 'fleet.mjs');
const MINUTES = process.env['TIDEMARK_FLEET_MINUTES'] ?? '0.6';

const withRedis = await redisSuite();
const withNats = await natsSuite();
const withPgbench = await needs('pgbench', async () => {
  await pgbench();
  return null;
});

withRedis('with Redis', () => {
  withNats('with NATS', () => {
    withPgbench('with pgbench', () => {
      it(
        'a fleet that things happen to serves nothing beyond its bound, recovers each time, and ends as the database is',
        { timeout: 300_000 + Number(MINUTES) * 120_000 },
        async () => {
          const out = await run(process.execPath, [SCRIPT, '--minutes', MINUTES, '--seed', '7', '--json']);
          const report = JSON.parse(out) as Report;
          expect(report).toMatchObject({ stale: 0, stories: [], wrong: [] });
          expect(report.faults.length).toBeGreaterThan(1);
          expect(report.checks).toBeGreaterThan(1_000);
          expect(report.reads['session']).toBeGreaterThan(10);
          expect(report.compared).toBeGreaterThan(100);
        },
      );

      it('says how it is called when it is called otherwise', async () => {
        await expect(run(process.execPath, [SCRIPT, '--minutes', 'ten'])).rejects.toThrow('Usage: npm run fleet');
      });
    });
  });
});
