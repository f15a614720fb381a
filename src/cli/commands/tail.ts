import { Command } from 'commander';
import { matchesType } from '../../contracts/pattern.ts';
import { TidemarkError } from '../../errors.ts';
import type { Entry } from '../../model/entry.ts';
import type { PlannedAction } from '../../model/plan.ts';
import { backoffMs } from '../../runtime/backoff.ts';
import { count, grouped, timeOfDay } from '../amounts.ts';
import { DaemonRefusal, type Daemon, type StreamEvent } from '../daemon.ts';
import { escapeControls, safeJson } from '../escape.ts';
import { untilInterrupted } from '../interrupt.ts';
import {
  daemonOf,
  examples,
  positiveNumber,
  several,
  wholeNumber,
  withDaemon,
  type DaemonOptions,
} from '../options.ts';
import type { Paint } from '../paint.ts';
import type { Shell } from '../shell.ts';

/** What is rare and matters. The others come with every read. */
const NOTABLE = [
  'layer:applied',
  'fill:refused',
  'source:state',
  'trust:changed',
  'projection:refreshed',
  'dead-letter',
];
const FREQUENT = ['cache:hit', 'cache:miss', 'fill:stored'];

interface TailOptions extends DaemonOptions {
  readonly from?: number;
  readonly type?: readonly string[];
  readonly limit?: number;
  readonly events?: boolean;
  readonly reads?: boolean;
}

export function tail(shell: Shell): Command {
  return withDaemon(new Command('tail'))
    .summary('the live flow: events, what they mean, and what comes of it')
    .description(
      'Follows a running daemon: each event with its plan as it becomes durable, and what the layers, sources and\n' +
        'projections make of it. Connects again when the daemon restarts, without missing an event. Ctrl-C ends it.',
    )
    .option('--from <offset>', 'begin after this journal offset (0: the oldest kept) instead of now', wholeNumber)
    .option('-t, --type <type>', 'only events of this type, or pattern such as product.* (repeatable)', several)
    .option('-n, --limit <n>', 'end after so many events', positiveNumber)
    .option('--events', 'events only')
    .option('--reads', 'also cache hits, misses and fills')
    .addHelpText(
      'after',
      examples([
        ['tidemark tail', 'watch'],
        ['tidemark tail --from 0 --events --json', 'the whole journal as JSON lines, then what comes'],
      ]),
    )
    .action(async (options: TailOptions) => {
      const daemon = daemonOf(options, shell);
      await untilInterrupted(shell, (signal) => watch(daemon, options, shell, signal));
    });
}

async function watch(daemon: Daemon, options: TailOptions, shell: Shell, signal: AbortSignal): Promise<void> {
  const enough = new AbortController();
  const over = AbortSignal.any([signal, enough.signal]);
  const types = [...NOTABLE, ...(options.reads ? FREQUENT : [])].join(',');
  const streams = [followEvents(daemon, options, shell, over)];
  if (!options.events) streams.push(followObservations(daemon, types, options, shell, over));
  try {
    // The events decide when it is over; what is seen beside them has no end of its own.
    await Promise.race(streams);
  } finally {
    enough.abort();
    await Promise.allSettled(streams);
  }
}

async function followEvents(daemon: Daemon, options: TailOptions, shell: Shell, signal: AbortSignal): Promise<void> {
  let position = options.from === undefined ? undefined : String(options.from);
  let seen = 0;
  const wanted = (type: string): boolean => !options.type || options.type.some((pattern) => matchesType(pattern, type));
  const open = (): AsyncIterable<StreamEvent> =>
    daemon.stream('GET', '/v1/journal/stream', {
      signal,
      ...(position === undefined ? {} : { lastEventId: position }),
    });
  for await (const { id, event, data } of steadily(open, shell, signal)) {
    position = id ?? position;
    if (event === 'gap') {
      sayGap(data as Gap, options, shell);
      continue;
    }
    const entry = data as Entry;
    if (!wanted(entry.event.type)) continue;
    shell.out(options.json ? `${safeJson({ entry })}\n` : renderEntry(entry, shell.paintOut));
    if (++seen === options.limit) return;
  }
}

async function followObservations(
  daemon: Daemon,
  types: string,
  options: TailOptions,
  shell: Shell,
  signal: AbortSignal,
): Promise<void> {
  const open = (): AsyncIterable<StreamEvent> => daemon.stream('GET', `/v1/observations?types=${types}`, { signal });
  for await (const { event, data } of steadily(open, shell, signal)) {
    const observation = data as Observed;
    if (options.json) shell.out(`${safeJson(event === 'dropped' ? { dropped: data } : { observation })}\n`);
    else if (event === 'dropped') shell.out(renderDropped(data, shell.paintOut));
    else shell.out(renderObservation(observation, shell.paintOut));
  }
}

/** A stream that is opened again when it breaks, once it has been open at all: before that the address may be wrong. */
async function* steadily(
  open: () => AsyncIterable<StreamEvent>,
  shell: Shell,
  signal: AbortSignal,
): AsyncGenerator<StreamEvent> {
  let attempt = 0;
  let connected = false;
  while (true) {
    try {
      for await (const event of open()) {
        connected = true;
        attempt = 0;
        yield event;
      }
    } catch (error) {
      if (!passes(error, connected)) throw error;
    }
    connected = true;
    if (signal.aborted) return;
    if (attempt === 0) shell.err(shell.paintErr.faint('the stream ended; connecting again\n'));
    await shell.clock.sleep(backoffMs(attempt++, shell.random), signal);
  }
}

function passes(error: unknown, connected: boolean): boolean {
  if (error instanceof DaemonRefusal) return error.status >= 500;
  if (!(error instanceof TidemarkError)) return false;
  return error.code === 'DAEMON_HUNG_UP' || (connected && error.code === 'DAEMON_UNREACHABLE');
}

interface Gap {
  readonly reason: 'trimmed' | 'reset';
  readonly after: number;
  readonly resumeAfter: number;
}

function sayGap(gap: Gap, options: TailOptions, shell: Shell): void {
  if (options.json) {
    shell.out(`${safeJson({ gap })}\n`);
    return;
  }
  const why = gap.reason === 'trimmed' ? 'the journal has forgotten them' : 'this is another journal';
  const text = `entries after #${grouped(gap.after)} are missing (${why}); going on after #${grouped(gap.resumeAfter)}`;
  shell.err(`${shell.paintErr.warn(text)}\n`);
}

export function renderEntry(entry: Entry, paint: Paint): string {
  const { event, plan } = entry;
  const actions = plan.actions.map((action) => renderAction(action, paint));
  const problems = plan.problems.map((problem) => paint.bad(`${problem.code} ${escapeControls(problem.message)}`));
  const head = [
    paint.faint(timeOfDay(entry.receivedAt)),
    `#${grouped(entry.offset)}`,
    paint.strong(escapeControls(event.type)),
    `from ${escapeControls(entry.source)}`,
  ].join('  ');
  const means = [...actions, ...problems];
  return `${head}\n${means.length === 0 ? paint.faint('    no contract asks for anything\n') : means.map((line) => `    ${line}\n`).join('')}`;
}

function renderAction(action: PlannedAction, paint: Paint): string {
  const where = action.namespace === undefined ? '' : ` in ${escapeControls(action.namespace)}`;
  const wide = action.widened ? paint.warn(' (widened)') : '';
  return `${action.kind} ${paint.name(escapeControls(action.target))}${where}${wide}  ${paint.faint(escapeControls(action.contract))}`;
}

type Observed = { readonly type: string; readonly at: number } & Readonly<Record<string, unknown>>;

export function renderObservation({ type, at, ...fields }: Observed, paint: Paint): string {
  const values = Object.entries(fields).map(([name, value]) => {
    const text = typeof value === 'string' ? value : Array.isArray(value) ? value.join(',') : JSON.stringify(value);
    return `${escapeControls(name)}=${escapeControls(text)}`;
  });
  const bad = type === 'dead-letter' || type === 'fill:refused';
  const shown = bad ? paint.warn(type) : paint.faint(escapeControls(type));
  return `${paint.faint(timeOfDay(at))}  ${shown}  ${values.join(' ')}\n`;
}

function renderDropped(data: unknown, paint: Paint): string {
  const { count: n } = data as { readonly count: number };
  return paint.faint(`(${count(n, 'observation')} left out: faster than this can be shown)\n`);
}
