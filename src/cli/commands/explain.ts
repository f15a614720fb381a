import { Command } from 'commander';
import type { Explanation } from '../../operations.ts';
import { ago, count, duration, grouped } from '../amounts.ts';
import { escapeControls, safeJson } from '../escape.ts';
import { daemonOf, examples, withDaemon, type DaemonOptions } from '../options.ts';
import type { Paint } from '../paint.ts';
import type { Shell } from '../shell.ts';
import { table } from '../table.ts';

export function explain(shell: Shell): Command {
  return withDaemon(
    new Command('explain')
      .argument('<key>', 'a cache key, e.g. product:42')
      .summary('what would end the trust of a key, what last did, and what each layer holds')
      .description(
        'For a key: the contracts and events that would end its trust, the entries of the journal that last did, what each ' +
          'layer holds of it, and whether and why it may be served now.',
      )
      .addHelpText('after', examples([['tidemark explain product:42', 'why is product 42 (still) cached?']]))
      .action(async (key: string, options: DaemonOptions) => {
        const path = `/v1/explain?key=${encodeURIComponent(key)}`;
        const answer = await daemonOf(options, shell).request<Explanation>('GET', path);
        shell.out(
          options.json ? `${safeJson(answer, 2)}\n` : renderExplanation(answer, shell.clock.now(), shell.paintOut),
        );
      }),
  );
}

export function renderExplanation(explanation: Explanation, now: number, paint: Paint): string {
  const { endedBy, last } = explanation;
  const endedRows = endedBy.map((way) => [
    escapeControls(way.action),
    `on ${paint.name(escapeControls(way.triggers.join(', ')))}`,
    paint.faint(`contract ${escapeControls(way.contract)}`),
  ]);
  const lastRows = last.map((entry) => [
    `#${grouped(entry.offset)}`,
    ago(entry.receivedAt, now),
    escapeControls(entry.type),
    `from ${escapeControls(entry.source)}`,
    `via ${escapeControls(entry.via)}`,
  ]);
  const ended =
    endedBy.length === 0
      ? `${paint.warn('No contract can end its trust: only its TTL does.')}\n`
      : `Its trust ends by\n${table(endedRows, { indent: '  ' })}`;
  const history =
    last.length === 0
      ? `Nothing has ended it within the last ${count(explanation.searched, 'entry')}.\n`
      : `Last ended by\n${table(lastRows, { indent: '  ' })}`;
  const head = `${paint.strong(escapeControls(explanation.key))}\n`;
  return [head, heldPart(explanation, paint), absentPart(explanation, paint), ended, history]
    .filter((part) => part !== '')
    .join('\n');
}

/** Each copy on a line, and below it in one sentence why it may be served or not. */
function heldPart({ held }: Explanation, paint: Paint): string {
  if (held.length === 0) return 'No layer holds it.\n';
  const heads = held.map((copy) => [
    `${paint.name(escapeControls(copy.layer))} / ${escapeControls(copy.namespace)}`,
    copy.verdict === 'serve' ? paint.good(copy.verdict) : paint.warn(escapeControls(copy.verdict)),
    `age ${duration(copy.ageMs)}`,
    `stamp ${grouped(copy.stamp)}`,
  ]);
  const lines = table(heads, { indent: '  ' }).split('\n');
  const copies = held.map(({ reason, tags }, at) => {
    const said = [
      escapeControls(reason),
      ...(tags.length === 0 ? [] : [`tags ${tags.map(escapeControls).join(', ')}`]),
    ];
    return [lines[at] ?? '', ...said.map((line) => `    ${line}`)].join('\n');
  });
  return `Held by\n${copies.join('\n')}\n`;
}

function absentPart({ absent }: Explanation, paint: Paint): string {
  const lines = absent.map(({ layer, namespace, reason }) => {
    const where = `${paint.name(escapeControls(layer))}${namespace === null ? '' : ` / ${escapeControls(namespace)}`}`;
    return `  ${where}  ${escapeControls(reason)}\n`;
  });
  return lines.join('');
}
