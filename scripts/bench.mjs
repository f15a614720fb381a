// node scripts/bench.mjs NAME [arguments]: runs bench/NAME.ts.
import { runBundled } from './bundle.mjs';
import { main } from './step.mjs';

await main(import.meta.url, async () => {
  const [name, ...args] = process.argv.slice(2);
  if (!name) throw new Error('which one? The names are those of the files in bench/.');
  process.exitCode = await runBundled(`bench/${name}.ts`, args);
});
