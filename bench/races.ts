// Question: who serves a value from before an invalidation after it, and for how long? Method: a load is held, the value
// changes, its key or tag is invalidated, the load ends, and the next reader is looked at. Controlled promises on a clock
// that stands still: no sleeping, no chance. Each library as its README says, in one process and in memory.
//
//   node scripts/bench.mjs races [--rounds N] [--write]     --write: into docs/races.md
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { format } from 'prettier';
import { asyncCacheDedupe } from './races/async-cache-dedupe.ts';
import { bentocache } from './races/bentocache.ts';
import { cachemanager } from './races/cachemanager.ts';
import { cacheable } from './races/cacheable.ts';
import { StandingClock } from './races/clock.ts';
import { layeredLoader } from './races/layered-loader.ts';
import { race, RACES, type Race, type Result } from './races/race.ts';
import { machine, report, type Row } from './races/report.ts';
import type { Peer } from './races/subject.ts';
import { tidemark } from './races/tidemark.ts';

const TTL_MS = 600_000;
const PEERS = [tidemark, bentocache, cacheable, cachemanager, layeredLoader, asyncCacheDedupe];

async function rowOf(peer: Peer, rounds: number): Promise<Row> {
  const results: Partial<Record<Race, Result | null>> = {};
  for (const kind of RACES) {
    const subject = await peer.open(TTL_MS);
    const clock = new StandingClock();
    try {
      results[kind] = await race(subject, kind, { rounds, ttlMs: TTL_MS, clock });
    } finally {
      clock.restore();
      await subject.close();
    }
  }
  return { peer, results: results as Row['results'] };
}

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '1000' }, write: { type: 'boolean' } } });
const root = process.cwd();
const rows: Row[] = [];
for (const peer of PEERS) rows.push(await rowOf(peer, Number(values.rounds)));
const tables = report(root, rows, TTL_MS);
process.stdout.write(`${machine()}\n\n${tables}`);
if (values.write) {
  const page = `# Races: who serves what was invalidated

A load is under way and has read the old value. The value changes, its key or tag is invalidated, and the invalidation
has returned. Then the load ends. What does the next reader get? In the last column a reader comes after the invalidation
and before the load ends. Whoever gives it the old value serves it although it was told better: the "stale set".

Measured with controlled promises on a clock that stands still, so that nothing is left to chance: ${machine()}.
One process, memory only, TTL ten minutes, each library set up as its README says. "Until the TTL": the old value was looked
at in steps and was there at all of them. \`npm run bench:races -- --write\` writes this page.

${tables}
\`layered-loader\` fences what is under way, too, in the memory of a process; its README says that a shared tier behind
that is not fenced. Tidemark has no shared tier yet.

What this does not say: how these libraries behave with a shared tier behind them, how fast they are, and what else they
do well. A load that is invalidated while it runs is one race among many; those that we know of are in
[anomalies.md](anomalies.md).
`;
  writeFileSync(join(root, 'docs', 'races.md'), await format(page, { parser: 'markdown', printWidth: 120 }));
}
// Timers of a library may not keep the process.
process.exit();
