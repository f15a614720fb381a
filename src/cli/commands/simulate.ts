import { Command } from 'commander';
import { count } from '../amounts.ts';
import { EXIT } from '../exit.ts';
import { escapeControls, safeJson } from '../escape.ts';
import { examples, positiveNumber, withJson, type JsonOption } from '../options.ts';
import { Progress } from '../progress.ts';
import type { Shell } from '../shell.ts';

interface SimulateOptions extends JsonOption {
  readonly seed: number;
  readonly seeds: number;
  readonly config?: string;
}

/** Seeds that are run unless told otherwise: a few seconds. */
const SEEDS = 10;

export function simulate(shell: Shell): Command {
  return withJson(
    new Command('simulate')
      .option('--seed <n>', 'the first seed', positiveNumber, 1)
      .option('--seeds <n>', 'how many seeds, one world for each', positiveNumber, SEEDS)
      .option('-c, --config <file>', 'the configuration (default: tidemark.yaml)')
      .summary('run your contracts against seeded faults in virtual time')
      .description(
        'Makes a world from a configuration: rows that its contracts speak of, writers that change them in every way, readers of ' +
          'the keys and tags that the contracts name, in the namespaces as they are; lets faults happen to it, and checks every ' +
          'read. A failure is shrunk and told as a story. Opens nothing that the configuration names, and needs no daemon.',
      )
      .addHelpText(
        'after',
        examples([
          ['tidemark simulate', `the worlds of seeds 1 to ${SEEDS}`],
          ['tidemark simulate --seeds 1000', 'more of them'],
          ['tidemark simulate --seed 7 --seeds 1', 'a failure again'],
        ]),
      )
      .action(async (options: SimulateOptions) => {
        const { readConfigFile } = await import('../read-config-file.ts');
        const { simulateConfig } = await import('../../sim/simulate.ts');
        const progress = new Progress(shell);
        const { seed: from, seeds } = options;
        const width = Math.max(80, shell.columns);
        const config = readConfigFile(options.config, shell);
        const result = await simulateConfig(config, { from, seeds, width }, (done) => {
          progress.show(`${done} of ${count(seeds, 'seed')}`);
        });
        progress.clear();
        if (options.json) shell.out(`${safeJson(result.report, 2)}\n`);
        else shell.out(escapeLines(result.text));
        shell.exitCode = result.report.violations.length > 0 ? EXIT.findings : EXIT.fine;
      }),
  );
}

function escapeLines(text: string): string {
  return text.split('\n').map(escapeControls).join('\n');
}
