import type { Target } from './domain.ts';
import type { Plan } from './plan.ts';
import type { Run } from './run.ts';

export interface Shrunk {
  readonly plan: Plan;
  readonly run: Run;
  readonly tries: number;
}

/** Parts of a plan that can be left out, each on its own. */
const LISTS = ['targets', 'readers', 'faults', 'writes'] as const;

/** Tries before a plan is taken as small enough: some ten seconds. */
const TRIES_MAX = 200;

/**
 * Leaves out what a failure does not need: faults, writes, readers, what is read, and the delays of everything. What is
 * left still breaks the same promise. Delta debugging: halves first, then smaller pieces.
 */
export async function shrink(
  failed: Plan,
  first: Run,
  again: (plan: Plan) => Promise<Run>,
  targets: readonly Target[],
): Promise<Shrunk> {
  const narrow = targets.flatMap(({ key }, i) => (key === first.violation?.key ? [i] : []));
  const invariant = first.violation?.invariant;
  let best: Shrunk = {
    plan: { ...failed, targets: targets.map((_, i) => i) },
    run: first,
    tries: 0,
  };
  let tries = 0;
  const attempt = async (plan: Plan): Promise<boolean> => {
    if (tries >= TRIES_MAX) return false;
    const run = await again(plan);
    tries++;
    if (run.violation?.invariant !== invariant) return false;
    best = { plan: cut(plan, run), run, tries };
    return true;
  };
  await attempt(cut(best.plan, first));
  // Where a key is known, the others are the first to go: each takes most of the work of a try with it.
  if (narrow.length > 0) await attempt({ ...best.plan, targets: narrow });
  for (let before = Infinity; sizeOf(best.plan) < before && tries < TRIES_MAX;) {
    before = sizeOf(best.plan);
    for (const list of LISTS) await shrinkList(list, () => best.plan, attempt);
    await shrinkShape(() => best.plan, attempt);
  }
  return { ...best, tries };
}

type Attempt = (plan: Plan) => Promise<boolean>;

async function shrinkList(list: (typeof LISTS)[number], plan: () => Plan, attempt: Attempt): Promise<void> {
  for (let size = Math.ceil((plan()[list]?.length ?? 0) / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < (plan()[list]?.length ?? 0);) {
      const items: readonly unknown[] = plan()[list] ?? [];
      const less = [...items.slice(0, from), ...items.slice(from + size)];
      // Without a reader or something to read nothing can be seen to be wrong.
      const isEmpty = less.length === 0 && (list === 'readers' || list === 'targets');
      if (isEmpty || !(await attempt({ ...plan(), [list]: less }))) from += size;
    }
  }
}

const CALM = ['visibleMs', 'wireMs', 'syncMs', 'loadMs'] as const;

async function shrinkShape(plan: () => Plan, attempt: Attempt): Promise<void> {
  for (const delay of CALM) {
    const { shape } = plan();
    if (shape[delay] > 0) await attempt({ ...plan(), shape: { ...shape, [delay]: 0 } });
  }
  const { shape } = plan();
  for (const limit of ['maxEntries', 'tombstonesMax'] as const)
    if (shape[limit] < 10_000) await attempt({ ...plan(), shape: { ...plan().shape, [limit]: 100_000 } });
}

/** What comes after the failure cannot have caused it. */
function cut(plan: Plan, { violation }: Run): Plan {
  if (!violation || violation.invariant === 'liveness') return plan;
  const isBefore = ({ at }: { readonly at: number }): boolean => at <= violation.at;
  return { ...plan, faults: plan.faults.filter(isBefore), writes: plan.writes.filter(isBefore) };
}

function sizeOf(plan: Plan): number {
  return LISTS.reduce((sum, list) => sum + (plan[list]?.length ?? 0), 0);
}
