// npm run model: every variant and the larger worlds of test/model. `-- --write` makes docs/model.md from the run.
import { runBundled } from './bundle.mjs';
import { main } from './step.mjs';

await main(import.meta.url, async () => {
  // A world of fifty million states is four gigabytes of plain arrays, which this does not limit; the rest is small.
  process.exitCode = await runBundled('test/model/run.ts', process.argv.slice(2), ['--max-old-space-size=8192']);
});
