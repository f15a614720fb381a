// Everything that a fresh clone needs before it can run: the right Node, the dependencies, a build.
import { build } from './build.mjs';
import { checkNode, install } from './install.mjs';
import { main } from './step.mjs';

/** False, with the reason on standard error, when there is nothing to run. */
export async function setup() {
  try {
    checkNode();
    await install();
    await build();
    return true;
  } catch (error) {
    process.stderr.write(`\nset-up failed: ${error instanceof Error ? error.message : String(error)}\n`);
    return false;
  }
}

await main(import.meta.url, async () => {
  if (!(await setup())) process.exitCode = 1;
});
