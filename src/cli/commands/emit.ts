import { Command } from 'commander';
import { deliver } from '../accepted.ts';
import { UsageError } from '../exit.ts';
import {
  daemonOf,
  examples,
  jsonArgument,
  withDaemon,
  withEvent,
  type DaemonOptions,
  type EventOptions,
} from '../options.ts';
import type { Shell } from '../shell.ts';

export function emit(shell: Shell): Command {
  return withDaemon(
    withEvent(new Command('emit'))
      .summary('send an event')
      .description('Sends one event to a running daemon as a CloudEvent. Returns once it is durable in the journal.')
      .option('--time <time>', 'when it happened, RFC 3339')
      .option('--wait', 'return once every layer and process has applied it; 1 when one has not')
      .addHelpText(
        'after',
        examples([
          [`tidemark emit --type product.updated --data '{"product_id": 42}'`, 'JSON on the command line'],
          ['tidemark emit --type product.updated --data @event.json', 'from a file'],
        ]),
      )
      .action(async (options: DaemonOptions & EventOptions & { time?: string; wait?: boolean }) => {
        if (options.type === undefined) throw new UsageError('--type is missing: which event is it?');
        const event = {
          specversion: '1.0',
          id: options.id ?? shell.random.id(),
          source: 'tidemark-cli',
          type: options.type,
          ...(options.subject === undefined ? {} : { subject: options.subject }),
          ...(options.time === undefined ? {} : { time: options.time }),
          data: options.data === undefined ? {} : await jsonArgument(options.data, '--data', shell),
        };
        const path = `/v1/events${options.source === undefined ? '' : `/${encodeURIComponent(options.source)}`}`;
        const { json = false, wait = false } = options;
        const contentType = 'application/cloudevents+json';
        await deliver(daemonOf(options, shell), path, { body: event, contentType, wait, json }, shell);
      }),
  );
}
