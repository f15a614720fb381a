import { Command } from 'commander';
import { matchesType } from '../../contracts/pattern.ts';
import type { Entry } from '../../model/entry.ts';
import type { Observation } from '../../model/observation.ts';
import { grouped } from '../amounts.ts';
import type { Daemon, StreamEvent } from '../../remote/daemon.ts';
import { safeJson } from '../escape.ts';
import { renderDropped, renderEntry, renderObservation } from '../flow.ts';
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
import type { Shell } from '../shell.ts';
import { steadily } from '../steadily.ts';

/** What is rare and matters. The others come with every read. */
const NOTABLE = [
  'layer:applied',
  'fill:refused',
  'source:state',
  'trust:changed',
  'clock:suspended',
  'loop:stalled',
  'audit:violation',
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
  return withDaemon(
    new Command('tail')
      .summary('the live flow: events, what they mean, and what comes of it')
      .description(
        'Follows a running daemon: each event with its plan as it becomes durable, and what the layers, sources and ' +
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
      }),
  );
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
  // Asked for at once: without it a stream that breaks before the first event would go on from a later head.
  const { head } = await daemon.request<{ head: number }>('GET', '/v1/journal?after=0&limit=1');
  let position = String(options.from ?? head);
  let seen = 0;
  const onBreak = (): void => {
    shell.err(shell.paintErr.faint('the stream ended; connecting again\n'));
  };
  const wanted = (type: string): boolean => !options.type || options.type.some((pattern) => matchesType(pattern, type));
  const open = (): AsyncIterable<StreamEvent> =>
    daemon.stream('GET', '/v1/journal/stream', { signal, lastEventId: position });
  for await (const { id, event, data } of steadily(open, shell, signal, onBreak)) {
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
  for await (const { event, data } of steadily(open, shell, signal, () => undefined)) {
    const observation = data as Observation;
    if (options.json) shell.out(`${safeJson(event === 'dropped' ? { dropped: data } : { observation })}\n`);
    else if (event === 'dropped') shell.out(renderDropped(data, shell.paintOut));
    else shell.out(renderObservation(observation, shell.paintOut));
  }
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
