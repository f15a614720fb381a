import type { Random } from '../src/runtime/runtime.ts';

/** Each number below `count` once, in any order. */
export function shuffled(random: Random, count: number): Uint32Array {
  const row = Uint32Array.from({ length: count }, (_, n) => n);
  for (let left = count - 1; left > 0; left--) {
    const taken = Math.floor(random.next() * (left + 1));
    const other = row[taken] ?? 0;
    row[taken] = row[left] ?? 0;
    row[left] = other;
  }
  return row;
}

/**
 * Numbers below `keys`, where the n-th most popular comes in proportion to 1/n^exponent. Which one is popular is chance:
 * in order of popularity those read most would lie side by side in memory.
 */
export function zipf(random: Random, { keys, draws, exponent }: ZipfOptions): Uint32Array {
  const reach = new Float64Array(keys);
  let sum = 0;
  for (let rank = 0; rank < keys; rank++) reach[rank] = sum += 1 / (rank + 1) ** exponent;
  const byRank = shuffled(random, keys);
  return Uint32Array.from({ length: draws }, () => byRank[firstBeyond(reach, random.next() * sum)] ?? 0);
}

export interface ZipfOptions {
  readonly keys: number;
  readonly draws: number;
  readonly exponent: number;
}

/** The first place whose number is above `x`; the row rises. */
function firstBeyond(row: Float64Array, x: number): number {
  let [low, high] = [0, row.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((row[middle] ?? Infinity) > x) high = middle;
    else low = middle + 1;
  }
  return low;
}
