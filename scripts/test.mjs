// npm test: the whole suite, or what the arguments name (`npm test -- src/contracts`, `npm test -- -t fence`).
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setup } from './setup.mjs';
import { root } from './step.mjs';

if (await setup()) {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => (process.exitCode = code ?? 1));
} else {
  process.exitCode = 1;
  // Set-up is part of the promise that `npm test` makes: where it breaks, that is a failure to be counted.
  process.stdout.write('0 passed, 1 failed\n');
}
