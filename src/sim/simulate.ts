import type { Config } from '../config/config.ts';
import { Contracted } from './contracted.ts';
import type { FaultCounts } from './faults.ts';
import { planOf, type Plan } from './plan.ts';
import type { ReadCounts } from './readers.ts';
import { renderTotals } from './render.ts';
import { runPlan, type Run } from './run.ts';
import { tellFailure } from './tell.ts';
import { add, noTotals } from './totals.ts';
import type { Violation } from './violation.ts';

export interface SimulateOptions {
  readonly from: number;
  readonly seeds: number;
  readonly width: number;
}

/** What a program gets to know. */
export interface SimulationReport {
  readonly seeds: number;
  readonly reads: ReadCounts;
  readonly faults: FaultCounts;
  readonly keys: readonly string[];
  readonly violations: readonly (Violation & { readonly seed: number })[];
  /** The first failure, shrunk and told. */
  readonly story: string | null;
}

/** A world of a user's contracts need not be long: what they lack shows at the first change. */
const LENGTH_MS = 5_000;

const LEFT_OUT = 'It takes no fault: no contract ends the trust of that key for that change.\n';

/** Runs a user's own contracts and namespaces; ends at the first seed that breaks a promise. */
export async function simulateConfig(
  config: Config,
  { from, seeds, width }: SimulateOptions,
  progress: (done: number) => void,
): Promise<{ readonly report: SimulationReport; readonly text: string }> {
  const domain = (plan: Plan): Contracted => new Contracted(config, plan.seed);
  const totals = noTotals();
  let failed: Run | null = null;
  for (let seed = from; seed < from + seeds && !failed; seed++) {
    const run = await runPlan(planOf(seed, { lengthMs: LENGTH_MS }), { domain });
    add(totals, run);
    if (run.violation) failed = run;
    progress(totals.seeds);
  }
  const keys = [...new Set(domain(planOf(from)).targets.map(({ namespace, key }) => `${namespace} ${key}`))];
  let story: string | null = null;
  if (failed) {
    const plan = planOf(failed.seed, { lengthMs: LENGTH_MS });
    const told = await tellFailure(plan, failed, { domain, makeDomain: domain, width });
    const bare = told.plan.faults.length === 0 && told.run.violation?.invariant === 'I1';
    story = `${told.text}\n${bare ? LEFT_OUT : ''}Again: tidemark simulate --seed ${failed.seed} --seeds 1\n`;
  }
  const violations = failed?.violation ? [{ seed: failed.seed, ...failed.violation }] : [];
  const report = { seeds: totals.seeds, reads: totals.reads, faults: totals.faults, keys, violations, story };
  const nothing =
    keys.length === 0 ? 'No contract names a key, a tag or a namespace: there is nothing to read.\n\n' : '';
  return { report, text: `${nothing}${story === null ? '' : `${story}\n`}${renderTotals(totals)}` };
}
