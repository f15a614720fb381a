import { parseArgs } from 'node:util';
import { systemClock } from '../runtime/system.ts';
import { runBatch } from './batch.ts';
import { planOf, type Plan } from './plan.ts';
import { renderFaults, renderTotals } from './render.ts';
import { runPlan, type Run } from './run.ts';
import { SABOTAGES, SEEN_IN, type Sabotage } from './sabotage.ts';
import { Shop } from './shop.ts';
import { tellFailure } from './tell.ts';
import { WORLD_NAMES, WORLDS, worldOf, type WorldName } from './worlds.ts';
import { add, noTotals, readsOf, type Totals } from './totals.ts';

const HELP = `Runs the simulator's own world. Usage: npm run sim -- [options]

  --seeds N      worlds to run (default 100)
  --from S       the first seed (default 1)
  --jobs J       processor cores to use (default 1)
  --world W      the shape of the worlds (default: each seed chooses):
${WORLD_NAMES.map((name) => `                   ${name.padEnd(8)} ${WORLDS[name].words}`).join('\n')}
  --keep-going   do not stop at the first violation
  --sabotage X   break something on purpose: ${Object.keys(SABOTAGES).join(', ')}

The last line gives seeds, reads checked, faults injected and violations.
`;

/** Progress on standard error, this often. */
const SHOW_EVERY_MS = 1_000;
const WIDTH = 160;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '100' },
      from: { type: 'string', default: '1' },
      jobs: { type: 'string', default: '1' },
      world: { type: 'string' },
      'keep-going': { type: 'boolean', default: false },
      sabotage: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [from, seeds, jobs] = [values.from, values.seeds, values.jobs].map(Number) as [number, number, number];
  const wrong = values.sabotage.filter((name) => !Object.hasOwn(SABOTAGES, name));
  const isWorld = values.world === undefined || Object.hasOwn(WORLDS, values.world);
  if (
    !isWorld ||
    ![from, seeds, jobs].every((number) => Number.isSafeInteger(number) && number > 0) ||
    wrong.length > 0
  ) {
    process.stderr.write(HELP);
    return 2;
  }
  const world = (values.world ?? null) as WorldName | null;
  const [seenIn] = (values.sabotage as Sabotage[]).map((name) => SEEN_IN[name] ?? 'single');
  const planned = (seed: number): Plan => planOf(seed, { world: world ?? seenIn ?? worldOf(seed) });
  const sabotages = new Set(values.sabotage as Sabotage[]);
  const totals = noTotals();
  const failed: Run[] = [];
  const show = progress(totals, seeds);
  const done = (run: Run): boolean => {
    add(totals, run);
    if (run.violation) failed.push(run);
    show(run.violation !== null);
    return run.violation === null || values['keep-going'];
  };
  if (sabotages.size > 0) {
    for (let seed = from; seed < from + seeds; seed++) if (!done(await runPlan(planned(seed), { sabotages }))) break;
  } else await runBatch({ from, seeds, jobs, world, done });
  const [first] = failed;
  if (first) {
    process.stderr.write(`seed ${first.seed} broke a promise; shrinking it ...\n`);
    const makeDomain = (plan: ReturnType<typeof planOf>): Shop => new Shop(plan, sabotages);
    const told = await tellFailure(planned(first.seed), first, { sabotages, makeDomain, width: WIDTH });
    const of = ` --world ${planned(first.seed).world}`;
    const broken = values.sabotage.map((name) => ` --sabotage ${name}`).join('');
    process.stdout.write(`${told.text}\nAgain: npm run sim -- --seeds 1 --from ${first.seed}${of}${broken}\n\n`);
    if (failed.length > 1) process.stdout.write(`Failed: ${failed.map(({ seed }) => seed).join(', ')}\n\n`);
  }
  process.stdout.write(`${renderFaults(totals)}\n${renderTotals(totals)}`);
  return failed.length > 0 ? 1 : 0;
}

function progress(totals: Totals, seeds: number): (now: boolean) => void {
  const startedAt = systemClock.mono();
  let shownAt = startedAt;
  return (atOnce) => {
    const now = systemClock.mono();
    if (!atOnce && now - shownAt < SHOW_EVERY_MS) return;
    shownAt = now;
    const rate = Math.round((readsOf(totals) / (now - startedAt)) * 1_000);
    const { violations } = totals;
    process.stderr.write(
      `${totals.seeds} of ${seeds} seeds, ${readsOf(totals)} reads, ${rate} a second, ${violations} violations\n`,
    );
  };
}

process.exitCode = await main();
