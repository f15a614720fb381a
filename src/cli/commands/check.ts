import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { count } from '../amounts.ts';
import { EXIT, UsageError } from '../exit.ts';
import { summarise } from '../findings.ts';
import { CONFIG_NAME } from '../gather.ts';
import { safeJson } from '../escape.ts';
import { examples, withJson, type JsonOption } from '../options.ts';
import { reportFindings } from '../report.ts';
import type { Shell } from '../shell.ts';

interface CheckOptions extends JsonOption {
  readonly strict?: boolean;
}

export function check(shell: Shell): Command {
  return withJson(
    new Command('check')
      .argument('[path...]', 'configurations, contract files, or folders of them (default: tidemark.yaml)')
      .option('--strict', 'warnings are failures too')
      .summary('lint configuration and contracts')
      .description(
        'Checks configurations and contracts without running anything: every mistake with its place, what, why and fix, and a ' +
          'review of the design (what can prove freshness, what a trigger lacks, what no event reaches). Needs no daemon.',
      )
      .addHelpText(
        'after',
        examples([
          ['tidemark check', 'the tidemark.yaml of this folder and the contracts it names'],
          ['tidemark check contracts/', 'a folder of contract files'],
          ['tidemark check --json | jq .findings', 'for a program'],
        ]),
      )
      .action(async (paths: readonly string[], options: CheckOptions) => {
        if (paths.length === 0 && !existsSync(join(shell.cwd, CONFIG_NAME))) {
          throw new UsageError(
            `there is no ${CONFIG_NAME} in this folder`,
            'name what to check: tidemark check contracts/',
          );
        }
        // The parsers are only needed here.
        const { inspect } = await import('../inspect.ts');
        const { files, findings } = inspect(paths.length === 0 ? [CONFIG_NAME] : paths, shell);
        if (options.json) shell.out(`${safeJson({ files, findings }, 2)}\n`);
        else {
          const list = reportFindings(findings, shell, shell.paintOut);
          const summary = `${summarise(findings)} in ${count(files.length, 'file')}`;
          shell.out(list === '' ? `${shell.paintOut.good(summary)}\n` : `${list}\n${summary}\n`);
        }
        const bad = findings.some(({ severity }) => severity === 'error' || options.strict);
        shell.exitCode = bad ? EXIT.findings : EXIT.fine;
      }),
  );
}
