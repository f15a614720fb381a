import { Command } from 'commander';
import type { Config } from '../../config/config.ts';
import { nearest } from '../../contracts/suggest.ts';
import type { PlanPreview } from '../../operations.ts';
import { count } from '../amounts.ts';
import { EXIT, UsageError } from '../exit.ts';
import { escapeControls, safeJson } from '../escape.ts';
import type { ForeseenEvent } from '../foresee.ts';
import { examples, jsonArgument, withJson, type JsonOption } from '../options.ts';
import type { Paint } from '../paint.ts';
import type { Shell } from '../shell.ts';
import { table } from '../table.ts';

interface PlanOptions extends JsonOption {
  readonly type?: string;
  readonly data?: string;
  readonly before?: string;
  readonly source?: string;
  readonly config?: string;
}

export function plan(shell: Shell): Command {
  return withJson(
    new Command('plan')
      .argument('[event]', 'a JSON file with an event, or - for standard input')
      .option('-t, --type <type>', 'event type, e.g. product.updated')
      .option('-d, --data <json>', 'event data: JSON, @FILE, or - for standard input')
      .option('--before <json>', 'for a row change: the row before it; --data is the row after')
      .option('-s, --source <name>', 'the configured source that it comes from (default: the first of type http)')
      .option('-c, --config <file>', 'the configuration (default: tidemark.yaml)')
      .summary('what an event would do, layer by layer, and why')
      .description(
        'Plans an event with the contracts of a configuration and shows what each layer would apply, and why. Changes nothing ' +
          'and needs no daemon. Exits with 1 when a part of it cannot be planned and would widen.',
      )
      .addHelpText(
        'after',
        examples([
          [`tidemark plan --type product.updated --data '{"product_id": 42}'`, 'from the command line'],
          ['tidemark plan event.json', 'from a file: an event, a CloudEvent, or a line of `tail --json`'],
          [`tidemark plan -t product.updated --before '{"id": 1}' -d '{"id": 2}'`, 'a row change'],
        ]),
      )
      .action(async (file: string | undefined, options: PlanOptions) => {
        const { foresee, foreseenIn } = await import('../foresee.ts');
        const { readConfigFile } = await import('../read-config-file.ts');
        const event =
          file === undefined
            ? await fromOptions(options, shell)
            : foreseenIn(await jsonArgument(file === '-' ? '-' : `@${file}`, file, shell), file);
        const config = readConfigFile(options.config, shell);
        const named = options.source === undefined ? event : { ...event, source: options.source };
        const preview = foresee(config, named, shell.cwd);
        const near = preview.matched.length > 0 ? null : nearest(preview.event.type, triggersOf(config));
        shell.out(options.json ? `${safeJson(preview, 2)}\n` : renderPlan(preview, near, shell.paintOut));
        shell.exitCode = preview.plan.problems.length > 0 ? EXIT.findings : EXIT.fine;
      }),
  );
}

async function fromOptions(options: PlanOptions, shell: Shell): Promise<ForeseenEvent> {
  const { type, data, before } = options;
  if (type === undefined) throw new UsageError('which event?', 'give a JSON file, or --type and --data');
  return {
    type,
    ...(data === undefined ? {} : { data: await jsonArgument(data, '--data', shell) }),
    ...(before === undefined ? {} : { before: await jsonArgument(before, '--before', shell) }),
  };
}

function triggersOf({ contracts }: Config): readonly string[] {
  return contracts.contracts.flatMap(({ triggers }) => triggers);
}

export function renderPlan({ event, plan, layers, matched }: PlanPreview, near: string | null, paint: Paint): string {
  const head = `${paint.strong(escapeControls(event.type))} from ${escapeControls(event.source)}`;
  if (matched.length === 0) {
    const hint = near === null ? '' : ` Did you mean ${escapeControls(near)}?`;
    return `${head}\n\n${paint.warn('No contract has a trigger for it: nothing would happen.')}${hint}\n`;
  }
  const why = matched.map(({ contract, file, line, note }) => [
    paint.name(escapeControls(contract)),
    escapeControls(note),
    paint.faint(`${escapeControls(file)}:${String(line)}`),
  ]);
  const actions = plan.actions.map((action) => [
    action.kind,
    paint.name(escapeControls(action.target)),
    [
      ...(action.namespace === undefined ? [] : [`in ${escapeControls(action.namespace)}`]),
      ...(action.widened ? [paint.warn('widened')] : []),
      paint.faint(`by ${escapeControls(action.contract)}`),
    ].join('  '),
  ]);
  const problems = plan.problems.map((problem) => [
    paint.bad(escapeControls(problem.code)),
    `${problem.action}: ${escapeControls(problem.template)}`,
    escapeControls(problem.message),
  ]);
  const perLayer = layers.map(({ layer, actions: applied, skipped }) => [
    paint.name(escapeControls(layer)),
    applied.length === 0 ? paint.faint('nothing') : applied.map(escapeControls).join(', '),
    skipped.length === 0 ? '' : paint.faint(`cannot: ${skipped.map(escapeControls).join(', ')}`),
  ]);
  const part = (title: string, rows: readonly (readonly string[])[]): string =>
    rows.length === 0 ? '' : `\n${paint.faint(title)}\n${table(rows, { indent: '  ' })}`;
  const refreshed = plan.actions
    .filter(({ kind }) => kind === 'refresh_projection')
    .map(({ target }) => [paint.name(escapeControls(target))]);
  return (
    `${head}\n` +
    part(count(matched.length, 'contract'), why) +
    part(count(actions.length, 'action'), actions) +
    part(
      `${count(problems.length, 'problem')}: the event would become a dead letter, its invalidation widens`,
      problems,
    ) +
    part('layer by layer', perLayer) +
    part('then projections', refreshed)
  );
}
