import type { Domain } from './domain.ts';
import type { Plan } from './plan.ts';
import { renderStory, renderViolation } from './render.ts';
import { runPlan, type Run, type RunOptions } from './run.ts';
import { shrink } from './shrink.ts';
import { Story } from './story.ts';

export interface Told {
  /** What is left of the plan. */
  readonly plan: Plan;
  readonly run: Run;
  readonly text: string;
}

/** Shrinks a failure and tells it as a story. */
export async function tellFailure(
  failed: Plan,
  run: Run,
  options: RunOptions & { readonly makeDomain: (plan: Plan) => Domain; readonly width: number },
): Promise<Told> {
  const again = (plan: Plan): Promise<Run> => runPlan(plan, options);
  const shrunk = await shrink(failed, run, again, options.makeDomain(failed).targets);
  const story = new Story();
  const told = await runPlan(shrunk.plan, { ...options, story });
  const violation = told.violation ?? shrunk.run.violation;
  if (!violation) return { plan: shrunk.plan, run: told, text: '' };
  const { faults, writes, readers, targets } = shrunk.plan;
  const left = `${faults.length} faults, ${writes.length} writes, ${readers.length} readers of ${targets?.length ?? 0} keys`;
  const head = `${renderViolation(failed.seed, violation)}\n\nShrunk in ${shrunk.tries} tries to ${left}:\n\n`;
  return { plan: shrunk.plan, run: told, text: head + renderStory(story.lines, violation, options.width) };
}
