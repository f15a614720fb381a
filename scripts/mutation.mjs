// npm run mutation [-- FOLDER ...]: mutation testing of the pure code, a folder at a time, and a table at the end.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { main, root } from './step.mjs';

const FOLDERS = {
  contracts: ['src/contracts/**/*.ts'],
  trust: ['src/trust/**/*.ts'],
  pipeline: ['coalesce', 'control', 'open-transactions', 'settle'].map((file) => `src/pipeline/${file}.ts`),
};

function run(folder) {
  const report = join(root, 'reports', 'mutation', `${folder}.json`);
  mkdirSync(join(root, 'reports', 'mutation'), { recursive: true });
  const stryker = join(root, 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js');
  const mutate = [...FOLDERS[folder], '!src/**/*.test.ts'].join();
  const startedAt = performance.now();
  const { status } = spawnSync(process.execPath, [stryker, 'run', '--mutate', mutate], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, MUTATION_REPORT: report },
  });
  if (status !== 0) throw new Error(`Stryker ended with ${String(status)} in ${folder}`);
  const { files } = JSON.parse(readFileSync(report, 'utf8'));
  const mutants = Object.values(files).flatMap((file) => file.mutants);
  const count = (...statuses) => mutants.filter((mutant) => statuses.includes(mutant.status)).length;
  const killed = count('Killed');
  const timeout = count('Timeout');
  const survived = count('Survived');
  const uncovered = count('NoCoverage');
  const score = (100 * (killed + timeout)) / (killed + timeout + survived + uncovered);
  const others = [count('Ignored'), count('RuntimeError', 'CompileError')];
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  return [folder, `${score.toFixed(2)} %`, killed, timeout, survived, uncovered, ...others, `${String(seconds)} s`];
}

await main(import.meta.url, () => {
  const asked = process.argv.slice(2);
  const unknown = asked.find((folder) => !(folder in FOLDERS));
  if (unknown) throw new Error(`no folder "${unknown}": there are ${Object.keys(FOLDERS).join(', ')}`);
  const rows = (asked.length > 0 ? asked : Object.keys(FOLDERS)).map(run);
  const head = ['folder', 'score', 'killed', 'timeout', 'survived', 'not covered', 'ignored', 'error', 'time'];
  const lines = [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`);
  process.stdout.write(`\n${lines.join('\n')}\n`);
});
