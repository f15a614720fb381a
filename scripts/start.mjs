// npm start: the daemon with the demo, on embedded defaults. Arguments are those of `tidemark dev`.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setup } from './setup.mjs';
import { root } from './step.mjs';

if (await setup()) {
  // In this process rather than in a child: signals, exit code and terminal are then the daemon's own.
  const main = join(root, 'dist', 'cli', 'main.js');
  process.argv = [process.execPath, main, 'dev', ...process.argv.slice(2)];
  await import(pathToFileURL(main).href);
} else {
  process.exitCode = 1;
}
