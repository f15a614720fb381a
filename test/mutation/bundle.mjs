// The pure tests and what they test as scripts, so that a fresh start of any test file is one function call.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { glob } from 'tinyglobby';
import { build, loadConfigFromFile } from 'vite';

/** The test files by name, and `start`, which gives a loader of them that has loaded nothing yet. */
export async function bundleTests(root) {
  const { config } = await loadConfigFromFile({ command: 'build', mode: 'test' }, join(root, 'vitest.pure.config.ts'));
  const { include, exclude, setupFiles } = config.test;
  const files = (await glob(include, { cwd: root, ignore: exclude })).sort();
  const nameOf = (file) => file.replaceAll(/[^a-z]/gi, '_');
  const { output } = await build({
    root,
    configFile: false,
    logLevel: 'warn',
    build: {
      ssr: true,
      write: false,
      minify: false,
      target: 'node20',
      rollupOptions: {
        input: Object.fromEntries([...setupFiles, ...files].map((file) => [nameOf(file), join(root, file)])),
        output: { format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: '[name]-[hash].cjs' },
      },
    },
  });
  const scripts = new Map(
    output.map(({ fileName, code }) => [
      `./${fileName}`,
      new Script(`(function (require, module, exports) {${code}\n})`, { filename: fileName }),
    ]),
  );
  const outside = createRequire(join(root, 'package.json'));
  const start = () => {
    const modules = new Map();
    let vitest;
    const load = (id) => {
      if (id === 'vitest') return vitest;
      const script = scripts.get(id);
      if (!script) return outside(id);
      const known = modules.get(id);
      if (known) return known.exports;
      const module = { exports: {} };
      modules.set(id, module);
      script.runInThisContext()(load, module, module.exports);
      return module.exports;
    };
    for (const file of setupFiles) load(`./${nameOf(file)}.cjs`);
    return (file, exports) => {
      vitest = exports;
      load(`./${nameOf(file)}.cjs`);
    };
  };
  return { files, start };
}
