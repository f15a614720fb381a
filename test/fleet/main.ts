// The fleet: real servers, daemons and application processes, faults every few seconds, every read held against the database.
import { parseArgs } from 'node:util';
import { runApp, type AppOptions } from './app.ts';
import { mono } from './clock.ts';
import { FAULTS } from './faults.ts';
import { inWords, readsOf, reportOf } from './report.ts';
import { Run, type Plan } from './run.ts';
import { World } from './world.ts';

const HELP = `Runs a fleet under faults and checks every read. Usage: npm run fleet -- [options]

  --minutes M   how long faults happen (default 10; at least 0.25)
  --seed S      which faults, in which order (default 1); their moments are those of the machine
  --only TEXT   only the faults that have this in their name
  --json        the report as JSON
  --help

Ends with 1 when a read was stale beyond the bound, or anything else was wrong.
`;

const SHOW_EVERY_MS = 5_000;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string', default: '' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
  const faults = FAULTS.filter(({ name }) => name.includes(values.only));
  if (!(minutes >= 0.25 && minutes <= 24 * 60) || !Number.isSafeInteger(seed) || seed < 0 || faults.length === 0) {
    process.stderr.write(HELP);
    return 2;
  }
  return fleet(minutes, { seed, faults }, values.json);
}

async function fleet(minutes: number, plan: Plan, json: boolean): Promise<number> {
  const began = mono();
  const world = await World.start(process.argv[1] ?? '', plan.seed);
  const run = new Run(world, plan);
  const seconds = (): number => Math.round((mono() - began) / 1_000);
  const parent = process.ppid;
  const show = setInterval(() => {
    // Whoever started this has gone, and nobody waits for the end any more.
    if (process.ppid !== parent) process.exit(1);
    const { judge } = world;
    process.stderr.write(
      `${seconds()} s of ${Math.round(minutes * 60)}: ${readsOf({ reads: judge.counts })} reads checked, ${run.faults.length} faults, ${judge.stale} stale; ${run.last}\n`,
    );
  }, SHOW_EVERY_MS);
  try {
    const report = reportOf(world, await run.go(minutes * 60_000), { seed: plan.seed, seconds: seconds() });
    process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : inWords(report));
    const failed = report.stale + report.wrong.length > 0;
    if (failed) process.stderr.write(`what each process said is in ${world.folder}\n`);
    await world.close(failed);
    return failed ? 1 : 0;
  } finally {
    clearInterval(show);
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
const [, , role, options] = process.argv;
if (role === 'app') await runApp(JSON.parse(options ?? '') as AppOptions);
else process.exit(await main());
