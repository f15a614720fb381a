import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { CONFIG_NAME } from '../gather.ts';
import { examples, listenOption, withRun, type RunOptions } from '../options.ts';
import type { Shell } from '../shell.ts';

export function dev(shell: Shell): Command {
  return withRun(
    new Command('dev')
      .summary('a daemon with a demo and the dashboard, and nothing to set up')
      .description(
        'Starts a daemon on embedded defaults, a small shop to play with, and the dashboard. In a folder with a tidemark.yaml ' +
          'it runs that instead, without the shop. What it keeps is under .tidemark/.',
      )
      .addHelpText(
        'after',
        examples([
          ['tidemark dev', 'then open the address that it prints'],
          ['tidemark dev --listen 127.0.0.1:4200', 'on another port'],
        ]),
      )
      .action(async (options: RunOptions) => {
        const at = options.listen === undefined ? null : listenOption(options.listen);
        const file = join(shell.cwd, CONFIG_NAME);
        if (existsSync(file)) {
          const { runDaemon } = await import('../daemon-run.ts');
          await runDaemon(file, { ...options, at }, shell);
        } else {
          const { runDemo } = await import('../demo-run.ts');
          await runDemo({ ...options, at }, shell);
        }
      }),
    'warn',
  );
}
