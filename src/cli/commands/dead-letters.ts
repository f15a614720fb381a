import { Command } from 'commander';
import type { DeadLetter } from '../../model/entry.ts';
import { ago, count, grouped } from '../amounts.ts';
import type { Daemon } from '../../remote/daemon.ts';
import { DaemonRefusal } from '../../remote/refusal.ts';
import { EXIT, UsageError } from '../exit.ts';
import { escapeControls, safeJson } from '../escape.ts';
import { daemonOf, examples, positiveNumber, withDaemon, type DaemonOptions } from '../options.ts';
import type { Paint } from '../paint.ts';
import type { Shell } from '../shell.ts';
import { table } from '../table.ts';
import { truncate } from '../width.ts';

/** One request's worth; the journal can hold more than one answer should carry. */
const PAGE = 500;

interface ManyOptions extends DaemonOptions {
  readonly all?: boolean;
}

export function deadLetters(shell: Shell): Command {
  return new Command('dead-letters')
    .summary('list, show, retry or discard what could not be processed')
    .description('Events and actions that could not be processed, kept with their cause.')
    .addHelpText(
      'after',
      examples([
        ['tidemark dead-letters list', 'grouped by cause'],
        ['tidemark dead-letters show 7', 'the event, the action and the error of one'],
        ['tidemark dead-letters retry 7 8', "plan again with today's contracts, or apply again"],
        ['tidemark dead-letters discard --all', 'forget all of them'],
      ]),
    )
    .addCommand(list(shell))
    .addCommand(show(shell))
    .addCommand(retry(shell))
    .addCommand(discard(shell));
}

function list(shell: Shell): Command {
  return withDaemon(
    new Command('list').description('Lists dead letters, grouped by cause.').action(async (options: DaemonOptions) => {
      const letters = await allLetters(daemonOf(options, shell));
      shell.out(options.json ? `${safeJson(letters, 2)}\n` : renderLetters(letters, shell));
    }),
  );
}

function show(shell: Shell): Command {
  return withDaemon(
    new Command('show')
      .description('Shows one dead letter: its event, its action, its error.')
      .argument('<id>', 'its number in the list', positiveNumber)
      .action(async (id: number, options: DaemonOptions) => {
        const path = `/v1/dead-letters/${String(id)}`;
        const letter = await daemonOf(options, shell).request<DeadLetter>('GET', path);
        shell.out(options.json ? `${safeJson(letter, 2)}\n` : renderLetter(letter, shell.clock.now(), shell.paintOut));
      }),
  );
}

function retry(shell: Shell): Command {
  return withDaemon(
    new Command('retry')
      .description(
        "Plans the event again with today's contracts, or applies the action again. The letter goes when that worked.",
      )
      .argument('[id...]', 'numbers in the list')
      .option('--all', 'every dead letter')
      .action(async (ids: readonly string[], options: ManyOptions) => {
        await forEach(ids, options, shell, async (daemon, id) => {
          return daemon.request<Verdict>('POST', `/v1/dead-letters/${String(id)}/retry`);
        });
      }),
  );
}

function discard(shell: Shell): Command {
  return withDaemon(
    new Command('discard')
      .description('Forgets dead letters. Their events stay in the journal.')
      .argument('[id...]', 'numbers in the list')
      .option('--all', 'every dead letter')
      .action(async (ids: readonly string[], options: ManyOptions) => {
        await forEach(ids, options, shell, async (daemon, id) => {
          await daemon.request('DELETE', `/v1/dead-letters/${String(id)}`);
          return { ok: true, message: 'discarded' };
        });
      }),
  );
}

interface Verdict {
  readonly ok: boolean;
  readonly message: string;
}

async function forEach(
  ids: readonly string[],
  options: ManyOptions,
  shell: Shell,
  act: (daemon: Daemon, id: number) => Promise<Verdict>,
): Promise<void> {
  const numbers = ids.map((id) => positiveNumber(id));
  if (numbers.length === 0 && !options.all) throw new UsageError('which ones?', 'give their numbers, or --all');
  if (numbers.length > 0 && options.all) throw new UsageError('give numbers or --all, not both');
  const daemon = daemonOf(options, shell);
  const chosen = options.all ? (await allLetters(daemon)).map((letter) => letter.id) : numbers;
  const results: ({ readonly id: number } & Verdict)[] = [];
  for (const id of chosen) {
    const verdict = await act(daemon, id).catch(refused);
    results.push({ id, ...verdict });
    if (!options.json) {
      const mark = verdict.ok ? shell.paintOut.good('ok') : shell.paintOut.bad('failed');
      shell.out(`${String(id)}  ${mark}  ${escapeControls(verdict.message)}\n`);
    }
  }
  if (options.json) shell.out(`${safeJson(results, 2)}\n`);
  else if (chosen.length === 0) shell.out('There are no dead letters.\n');
  shell.exitCode = results.every((result) => result.ok) ? EXIT.fine : EXIT.findings;
}

/** One letter that is gone or stays does not keep the others from being tried; a daemon that is gone does. */
function refused(error: unknown): Verdict {
  if (error instanceof DaemonRefusal && error.status < 500) return { ok: false, message: error.message };
  throw error;
}

async function allLetters(daemon: Daemon): Promise<readonly DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for (;;) {
    const after = letters.at(-1)?.id ?? 0;
    const page = await daemon.request<{ deadLetters: readonly DeadLetter[] }>(
      'GET',
      `/v1/dead-letters?after=${String(after)}&limit=${String(PAGE)}`,
    );
    letters.push(...page.deadLetters);
    if (page.deadLetters.length < PAGE) return letters;
  }
}

/** Most frequent cause first; within a cause the newest, because old ones repeat what it says. */
function renderLetters(letters: readonly DeadLetter[], shell: Shell): string {
  const { paintOut: paint } = shell;
  if (letters.length === 0) return 'There are no dead letters.\n';
  const groups = new Map<string, [DeadLetter, ...DeadLetter[]]>();
  for (const letter of letters) {
    const cause = `${letter.stage}\n${letter.code}`;
    const group = groups.get(cause);
    if (group) group.push(letter);
    else groups.set(cause, [letter]);
  }
  const now = shell.clock.now();
  const shownOfGroup = 5;
  const parts = [...groups.values()]
    .sort((a, b) => b.length - a.length)
    .map((group) => {
      const [first] = group;
      const head = `${paint.bad(escapeControls(first.code))} at ${escapeControls(first.stage)}, ${count(group.length, 'dead letter')}\n`;
      const rows = group
        .slice(-shownOfGroup)
        .reverse()
        .map((letter) => [
          paint.name(String(letter.id)),
          ago(letter.at, now),
          escapeControls(letter.event?.type ?? letter.action?.kind ?? '-'),
          `from ${escapeControls(letter.source)}`,
          truncate(escapeControls(letter.message), 80),
        ]);
      const rest = group.length - shownOfGroup;
      return head + table(rows, { indent: '  ' }) + (rest > 0 ? paint.faint(`  and ${grouped(rest)} older\n`) : '');
    });
  return `${parts.join('\n')}\n${count(letters.length, 'dead letter')}. \`tidemark dead-letters show ID\` tells more.\n`;
}

function renderLetter(letter: DeadLetter, now: number, paint: Paint): string {
  const rows = [
    ['stage', escapeControls(letter.stage)],
    ['error', `${paint.bad(escapeControls(letter.code))}  ${escapeControls(letter.message)}`],
    ['source', escapeControls(letter.source)],
    ['when', `${new Date(letter.at).toISOString()} (${ago(letter.at, now)})`],
    ['offset', letter.offset === null ? 'none: it never reached the journal' : `#${grouped(letter.offset)}`],
    ['attempts', grouped(letter.attempts)],
    ...(letter.action ? [['action', escapeControls(`${letter.action.kind}: ${letter.action.target}`)]] : []),
    ...(letter.action ? [['contract', escapeControls(letter.action.contract)]] : []),
  ];
  const event = letter.event === null ? '' : `\n${safeJson(letter.event, 2)}\n`;
  return `${paint.strong(`dead letter ${String(letter.id)}`)}\n${table(rows, { indent: '  ' })}${event}`;
}
