import { Command } from 'commander';
import { examples, listenOption, withRun, type RunOptions } from '../options.ts';
import type { Shell } from '../shell.ts';

export function run(shell: Shell): Command {
  return withRun(
    new Command('run')
      .option('-c, --config <file>', 'the configuration (default: tidemark.yaml)')
      .summary('the daemon')
      .description(
        'Runs the daemon: sources, journal, layers, and the HTTP API with the dashboard. SIGTERM and Ctrl-C drain and lose ' +
          'nothing; SIGHUP reads the contracts again, and keeps the old ones when the new are wrong.',
      )
      .addHelpText(
        'after',
        examples([
          ['tidemark run', 'with the tidemark.yaml of this folder'],
          ['tidemark run --config /etc/tidemark/tidemark.yaml', 'as a service does'],
          ['kill -HUP PID', 'reload the contracts'],
        ]),
      )
      .action(async (options: RunOptions & { readonly config?: string }) => {
        const at = options.listen === undefined ? null : listenOption(options.listen);
        // Only a daemon needs the drivers and the server; every other command starts faster without them.
        const { configPath } = await import('../read-config-file.ts');
        const { runDaemon } = await import('../daemon-run.ts');
        await runDaemon(configPath(options.config, shell), { ...options, at }, shell);
      }),
    'info',
  );
}
