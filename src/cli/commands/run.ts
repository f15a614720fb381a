import { Command, Option } from 'commander';
import type { LogLevel } from '../../runtime/log.ts';

import { LOG_LEVELS } from '../log-lines.ts';
import { examples, withJson, type JsonOption } from '../options.ts';
import type { Shell } from '../shell.ts';

export interface RunOptions extends JsonOption {
  readonly config?: string;
  readonly listen?: string;
  readonly logLevel: LogLevel;
}

export function run(shell: Shell): Command {
  return withRun(withJson(new Command('run')))
    .option('-c, --config <file>', 'the configuration (default: tidemark.yaml)')
    .summary('the daemon')
    .description(
      'Runs the daemon: sources, journal, layers, and the HTTP API with the dashboard. SIGTERM and Ctrl-C drain and lose\n' +
        'nothing; SIGHUP reads the contracts again, and keeps the old ones when the new are wrong.',
    )
    .addHelpText(
      'after',
      examples([
        ['tidemark run', 'with the tidemark.yaml of this folder'],
        ['tidemark run --config /etc/tidemark/tidemark.yaml', 'as a service does'],
        ['kill -HUP $(pidof -s tidemark)', 'reload the contracts'],
      ]),
    )
    .action(async (options: RunOptions) => {
      // Only a daemon needs the drivers and the server; every other command starts faster without them.
      const { runDaemon } = await import('../daemon-run.ts');
      await runDaemon(options, shell);
    });
}

export function withRun(command: Command): Command {
  return command
    .option('-l, --listen <host:port>', 'where to listen, instead of `server.listen`')
    .addOption(new Option('--log-level <level>', 'what to log').choices(LOG_LEVELS).default('info'));
}
