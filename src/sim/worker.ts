import { parentPort } from 'node:worker_threads';
import { planOf } from './plan.ts';
import { runPlan } from './run.ts';

/** Runs the seeds that it is sent, one after the other. */
parentPort?.on('message', (seed: number) => {
  void runPlan(planOf(seed)).then((run) => {
    parentPort?.postMessage(run);
  });
});
