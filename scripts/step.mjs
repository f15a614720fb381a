// What all scripts share: where the repository is, and how progress is told.
import { dirname } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Announces a step and its seconds on standard error, so that standard output stays for results. */
export async function step(name, run) {
  const startedAt = performance.now();
  process.stderr.write(`· ${name} ...\n`);
  const result = await run();
  process.stderr.write(`· ${name}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
  return result;
}

/** Runs a script's work when the script itself is what was started. What it throws is said without a stack. */
export async function main(url, run) {
  if (url !== pathToFileURL(process.argv[1] ?? '').href) return;
  try {
    await run();
  } catch (error) {
    process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
