import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock, Random } from './runtime.ts';
import { SteadyClock } from './steady-clock.ts';

const steady = new SteadyClock({ mono: () => performance.now(), wall: () => Date.now() });

export const systemClock: Clock = {
  now: () => Date.now(),
  mono: () => steady.mono(),
  atLatest: () => steady.atLatest(),
  suspensions: () => steady.suspensions(),
  sleep: async (ms, signal) => {
    try {
      await delay(ms, undefined, signal ? { signal } : {});
    } catch {
      // Aborted: waking early is all that the caller wants.
    }
  },
  turn: () =>
    new Promise((resolve) => {
      setImmediate(resolve);
    }),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
};

export const systemRandom: Random = {
  next: () => Math.random(),
  id: () => randomUUID(),
};

/** What an operator knows this process by. */
export function systemName(): string {
  return `${hostname()}:${String(process.pid)}`;
}
