import { cpus } from 'node:os';

/** Where figures come from. They mean nothing apart from it, and ratios little. */
export function machine(): string {
  const [cpu] = cpus();
  return `${cpu?.model.trim() ?? 'unknown processor'}, ${String(cpus().length)} cores, ${process.platform} ${process.arch}, Node ${process.version}, V8 ${process.versions.v8}`;
}

export function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;
}
