import { Worker } from 'node:worker_threads';
import { planOf } from './plan.ts';
import { worldOf, type WorldName } from './worlds.ts';
import { runPlan, type Run } from './run.ts';

export interface BatchOptions {
  readonly from: number;
  readonly seeds: number;
  /** The shape of each world; `null`: the one that its seed chooses. */
  readonly world: WorldName | null;
  /** Processor cores to use. */
  readonly jobs: number;
  /** Told of each run; `false` ends the batch. */
  readonly done: (run: Run) => boolean;
}

/** Runs many seeds. What a seed comes to does not depend on which core it runs on, nor beside what. */
export async function runBatch(options: BatchOptions): Promise<void> {
  const { from, seeds, jobs, done } = options;
  if (jobs > 1) {
    await onWorkers(options);
    return;
  }
  const { world } = options;
  for (let seed = from; seed < from + seeds; seed++)
    if (!done(await runPlan(planOf(seed, { world: world ?? worldOf(seed) })))) return;
}

async function onWorkers({ from, seeds, jobs, world, done }: BatchOptions): Promise<void> {
  let next = from;
  let goesOn = true;
  const one = async (): Promise<void> => {
    const worker = new Worker(new URL('./worker.js', import.meta.url));
    try {
      while (goesOn && next < from + seeds)
        if (!done(await runOn(worker, next, world ?? worldOf(next++)))) goesOn = false;
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, seeds) }, one));
}

function runOn(worker: Worker, seed: number, world: WorldName): Promise<Run> {
  return new Promise((resolve, reject) => {
    const settle = (run: Run): void => {
      worker.off('error', reject);
      resolve(run);
    };
    worker.once('message', settle);
    worker.once('error', reject);
    worker.postMessage({ seed, world });
  });
}
