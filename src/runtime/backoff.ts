import type { Random } from './runtime.ts';

export interface BackoffOptions {
  /** First delay. Default 100 ms: a restart of a local server takes about that. */
  readonly minMs?: number;
  /** Longest delay. Default 10 s: longer would be felt as an outage of its own after the server is back. */
  readonly maxMs?: number;
}

/** Exponential with full jitter over the upper half, so that many clients do not come back together. */
export function backoffMs(attempt: number, random: Random, options: BackoffOptions = {}): number {
  const { minMs = 100, maxMs = 10_000 } = options;
  const ceiling = Math.min(maxMs, minMs * 2 ** Math.min(attempt, 30));
  return ceiling * (0.5 + random.next() / 2);
}
