// Question: how long after a commit has every process ended what it changed, and how much of that is PostgreSQL's own feed? Method:
// a private PostgreSQL, a daemon, six processes with `tidemark/client` that hold every row, and a bare subscriber to pgoutput, all
// at once. One process commits at a steady rate, each commit another row, and takes the time of each answer; the others take the
// time when they have ended that row, or have read it off the wire. CLOCK_MONOTONIC is one clock for all processes of a machine.
// A process that misses a row, ends it twice or still serves it fails the run; no time ever does.
//
//   node scripts/bench.mjs propagation [--rate 1000] [--processes 6] [--seconds 20] [--journal sqlite|nats|memory] [--json]
import { parseArgs } from 'node:util';
import { measure } from './propagation/measure.ts';
import { inWords, JOURNALS } from './propagation/report.ts';
import { apply, listen, write, type WriterOptions } from './propagation/roles.ts';

const HELP = `Measures the time from a commit in PostgreSQL to its end in every process, beside the raw feed.
Usage: npm run bench:propagation -- [options]

  --rate N        commits a second (default 1000)
  --processes N   processes with tidemark/client (default 6)
  --seconds N     how long it is measured (default 20), after 2 seconds that are not
  --journal KIND  sqlite (default), nats (on a private server) or memory
  --json          the figures as JSON
  --help
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rate: { type: 'string', default: '1000' },
      processes: { type: 'string', default: '6' },
      seconds: { type: 'string', default: '20' },
      journal: { type: 'string', default: 'sqlite' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const { json } = values;
  const journal = JOURNALS.find((name) => name === values.journal);
  const [rate, processes, seconds] = [Number(values.rate), Number(values.processes), Number(values.seconds)];
  const whole = [rate, processes, seconds].every((one) => Number.isSafeInteger(one) && one > 0);
  if (!whole || !journal) {
    console.error(HELP);
    return 2;
  }
  const report = await measure({ rate, processes, seconds, journal });
  console.log(json ? JSON.stringify(report, null, 2) : inWords(report));
  return 0;
}

const ROLES = { write, apply, listen };
const [, , role, options] = process.argv;
if (role !== undefined && Object.hasOwn(ROLES, role)) {
  process.once('disconnect', () => process.exit());
  await ROLES[role as keyof typeof ROLES](JSON.parse(options ?? '') as WriterOptions);
} else process.exit(await main());
