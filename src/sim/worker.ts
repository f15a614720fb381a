import { parentPort } from 'node:worker_threads';
import { planOf } from './plan.ts';
import { runPlan } from './run.ts';
import type { WorldName } from './worlds.ts';

/** Runs the seeds that it is sent, one after the other. */
parentPort?.on('message', ({ seed, world }: { readonly seed: number; readonly world: WorldName }) => {
  void runPlan(planOf(seed, { world })).then((run) => {
    parentPort?.postMessage(run);
  });
});
