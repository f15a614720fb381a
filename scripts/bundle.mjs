// Runs a TypeScript file of the repository. Bundled first, because Node 20 does not read TypeScript.
import { spawnSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { build } from 'vite';
import { root } from './step.mjs';

/** Resolves to the exit code. */
export async function runBundled(path, args, nodeOptions = []) {
  // Inside node_modules, so that what the bundle leaves out is found from there.
  const outDir = join(root, 'node_modules', '.bench');
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    build: { ssr: join(root, path), outDir, emptyOutDir: false, target: 'node20', minify: false },
  });
  const bundle = join(outDir, basename(path).replace(/ts$/, 'js'));
  return spawnSync(process.execPath, [...nodeOptions, bundle, ...args], { cwd: root, stdio: 'inherit' }).status ?? 1;
}
