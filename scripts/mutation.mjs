// npm run mutation [-- WHAT ...]: mutation testing of the pure code, a folder (`trust`) or a file (`contracts/shape`) or
// all of it, and a table of the newest result of every file.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { glob } from 'tinyglobby';
import { loadConfigFromFile } from 'vite';
import { main, root } from './step.mjs';

const RESULTS = join(root, 'reports', 'mutation');

async function pureFiles() {
  const { config } = await loadConfigFromFile({ command: 'build', mode: 'test' }, join(root, 'vitest.pure.config.ts'));
  const { include, exclude } = config.test.coverage;
  const files = await glob(include, { cwd: root, ignore: exclude });
  return files.map((file) => file.replace(/^src\//, '').replace(/\.ts$/, '')).sort();
}

function measure(files) {
  const report = join(RESULTS, 'stryker.json');
  const stryker = join(root, 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js');
  const mutate = files.map((file) => `src/${file}.ts`).join();
  const { status } = spawnSync(process.execPath, [stryker, 'run', '--mutate', mutate], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, MUTATION_REPORT: report },
  });
  if (status !== 0) throw new Error(`Stryker ended with ${String(status)}`);
  const found = JSON.parse(readFileSync(report, 'utf8')).files;
  for (const file of files) {
    const counts = {};
    for (const { status: name } of found[`src/${file}.ts`]?.mutants ?? []) counts[name] = (counts[name] ?? 0) + 1;
    mkdirSync(dirname(resultOf(file)), { recursive: true });
    writeFileSync(resultOf(file), JSON.stringify({ measured: new Date().toISOString().slice(0, 10), counts }));
  }
}

const resultOf = (file) => join(RESULTS, `${file}.json`);

function row(what, results) {
  const count = (...names) =>
    results.flatMap(({ counts }) => names.map((name) => counts[name] ?? 0)).reduce((a, b) => a + b, 0);
  const noticed = count('Killed');
  const endless = count('Timeout');
  const unnoticed = count('Survived');
  const unreached = count('NoCoverage');
  const all = noticed + endless + unnoticed + unreached;
  const score = all === 0 ? '' : `${((100 * (noticed + endless)) / all).toFixed(2)} %`;
  const since = results.map(({ measured }) => measured).sort()[0];
  return [what, score, noticed, endless, unnoticed, unreached, count('Ignored'), since];
}

function table(files) {
  const read = files.filter((file) => existsSync(resultOf(file)));
  const result = new Map(read.map((file) => [file, JSON.parse(readFileSync(resultOf(file), 'utf8'))]));
  // A file of types only has nothing to change.
  const known = read.filter((file) => Object.keys(result.get(file).counts).length > 0);
  const head = ['file', 'score', 'noticed', 'endless', 'not noticed', 'not reached', 'wording', 'measured'];
  const rows = [head, head.map(() => '---')];
  for (const folder of new Set(known.map((file) => dirname(file)))) {
    const inside = known.filter((file) => dirname(file) === folder);
    rows.push(
      row(
        `**${folder}**`,
        inside.map((file) => result.get(file)),
      ),
    );
    for (const file of inside) rows.push(row(file.slice(folder.length + 1), [result.get(file)]));
  }
  return rows.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

await main(import.meta.url, async () => {
  const files = await pureFiles();
  const asked = process.argv.slice(2);
  const isIn = (what) => (file) => file === what || file.startsWith(`${what}/`);
  const unknown = asked.find((what) => !files.some(isIn(what)));
  if (unknown) throw new Error(`"${unknown}" is no pure file or folder of src: there are\n${files.join('\n')}`);
  mkdirSync(RESULTS, { recursive: true });
  measure(asked.length > 0 ? files.filter((file) => asked.some((what) => isIn(what)(file))) : files);
  process.stdout.write(`\n${table(files)}`);
});
