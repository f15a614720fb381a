// node scripts/bench.mjs NAME [arguments]: runs bench/NAME.ts. Bundled first, because Node 20 does not read TypeScript.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'vite';
import { main, root } from './step.mjs';

await main(import.meta.url, async () => {
  const [name, ...args] = process.argv.slice(2);
  if (!name) throw new Error('which one? The names are those of the files in bench/.');
  // Inside node_modules, so that what the bundle leaves out is found from there.
  const outDir = join(root, 'node_modules', '.bench');
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    build: { ssr: join(root, 'bench', `${name}.ts`), outDir, emptyOutDir: false, target: 'node20', minify: false },
  });
  const { status } = spawnSync(process.execPath, [join(outDir, `${name}.js`), ...args], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
});
