import type { Domain } from './domain.ts';
import type { FaultCounts } from './faults.ts';
import type { Plan } from './plan.ts';
import type { ReadCounts } from './readers.ts';
import type { Sabotage } from './sabotage.ts';
import { Shop } from './shop.ts';
import type { Story } from './story.ts';
import type { Violation } from './violation.ts';
import { World } from './world.ts';

export interface Run {
  readonly seed: number;
  readonly reads: ReadCounts;
  readonly faults: FaultCounts;
  readonly entries: number;
  readonly virtualMs: number;
  readonly violation: Violation | null;
}

export interface RunOptions {
  readonly domain?: (plan: Plan) => Domain;
  readonly sabotages?: ReadonlySet<Sabotage>;
  readonly story?: Story;
}

/** Runs one world from its beginning to its end, or to the first promise that does not hold. */
export async function runPlan(plan: Plan, options: RunOptions = {}): Promise<Run> {
  const { sabotages = new Set<Sabotage>(), story = null } = options;
  const domain = options.domain?.(plan) ?? new Shop(plan, sabotages);
  const world = new World({ plan, domain, sabotages, story });
  await world.run();
  return {
    seed: plan.seed,
    reads: world.reads,
    faults: world.conditions.tally.counts,
    entries: world.ledger.entries.length,
    virtualMs: world.virtualMs,
    violation: world.violation,
  };
}
