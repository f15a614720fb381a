import { Worker } from 'node:worker_threads';
import { planOf } from './plan.ts';
import { runPlan, type Run } from './run.ts';

export interface BatchOptions {
  readonly from: number;
  readonly seeds: number;
  /** Processor cores to use. */
  readonly jobs: number;
  /** Told of each run; `false` ends the batch. */
  readonly done: (run: Run) => boolean;
}

/** Runs many seeds. What a seed comes to does not depend on which core it runs on, nor beside what. */
export async function runBatch({ from, seeds, jobs, done }: BatchOptions): Promise<void> {
  if (jobs > 1) {
    await onWorkers({ from, seeds, jobs, done });
    return;
  }
  for (let seed = from; seed < from + seeds; seed++) if (!done(await runPlan(planOf(seed)))) return;
}

async function onWorkers({ from, seeds, jobs, done }: BatchOptions): Promise<void> {
  let next = from;
  let goesOn = true;
  const one = async (): Promise<void> => {
    const worker = new Worker(new URL('./worker.js', import.meta.url));
    try {
      while (goesOn && next < from + seeds) if (!done(await runOn(worker, next++))) goesOn = false;
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, seeds) }, one));
}

function runOn(worker: Worker, seed: number): Promise<Run> {
  return new Promise((resolve, reject) => {
    const settle = (run: Run): void => {
      worker.off('error', reject);
      resolve(run);
    };
    worker.once('message', settle);
    worker.once('error', reject);
    worker.postMessage(seed);
  });
}
