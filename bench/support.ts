import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

/** Where figures come from. They mean nothing apart from it, and ratios little. */
export function machine(): string {
  const [cpu] = cpus();
  return `${cpu?.model.trim() ?? 'unknown processor'}, ${String(cpus().length)} cores, ${process.platform} ${process.arch}, Node ${process.version}, V8 ${process.versions.v8}`;
}

export function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;
}

/** Median, least and 90th percentile, for people. */
export function spread(numbers: readonly number[], digits: number): string {
  const sorted = [...numbers].sort((a, b) => a - b);
  const [mid, least, most] = [0.5, 0, 0.9].map(
    (part) => sorted[Math.floor(part * sorted.length)]?.toFixed(digits) ?? '',
  );
  return `${mid ?? ''} (${least ?? ''} to ${most ?? ''})`;
}

/** Of a package that is installed. Run from the root, as `scripts/bench.mjs` does. */
export function versionOf(name: string): string {
  return (JSON.parse(readFileSync(join('node_modules', name, 'package.json'), 'utf8')) as { version: string }).version;
}
