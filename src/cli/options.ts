import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { parseListen } from '../config/listen.ts';
import { TidemarkError } from '../errors.ts';
import type { JsonValue } from '../model/json.ts';
import type { LogLevel } from '../runtime/log.ts';
import { daemonAddress } from './address.ts';
import { Daemon } from '../remote/daemon.ts';
import { UsageError } from './exit.ts';
import type { Shell } from './shell.ts';

export interface JsonOption {
  readonly json?: boolean;
}

const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent'];

export interface RunOptions extends JsonOption {
  readonly listen?: string;
  readonly logLevel: LogLevel;
}

export interface DaemonOptions extends JsonOption {
  readonly url?: string;
  readonly token?: string;
}

/** What many commands take alike stands after what is their own. */
export const COMMON = 'Common options:';

export function withJson(command: Command): Command {
  const does = 'print data as JSON on standard output, everything else on standard error';
  return command.addOption(new Option('--json', does).helpGroup(COMMON));
}

export function withRun(command: Command, logLevel: LogLevel): Command {
  const logs = new Option('--log-level <level>', 'what to log').choices(LOG_LEVELS).default(logLevel);
  const listen = new Option('-l, --listen <host:port>', 'where to listen, instead of `server.listen`');
  return withJson(command.addOption(listen).addOption(logs));
}

export function withDaemon(command: Command): Command {
  const url = 'the daemon (default: $TIDEMARK_URL, `server.listen` of tidemark.yaml, 127.0.0.1:4100)';
  const token = 'its admin token (default: $TIDEMARK_ADMIN_TOKEN)';
  return withJson(command)
    .addOption(new Option('--url <url>', url).helpGroup(COMMON))
    .addOption(new Option('--token <token>', token).helpGroup(COMMON));
}

export function daemonOf(options: DaemonOptions, shell: Shell): Daemon {
  return new Daemon(daemonAddress(options, shell));
}

/** The part of a command's help that is copied most. */
export function examples(lines: readonly (readonly [command: string, does: string])[]): string {
  const width = Math.max(...lines.map(([command]) => command.length));
  return `\nExamples:\n${lines.map(([command, does]) => `  ${command.padEnd(width)}  ${does}`).join('\n')}`;
}

export function wholeNumber(text: string): number {
  const number = Number(text);
  const whole = /^\d+$/.test(text) && Number.isSafeInteger(number);
  if (!whole) throw new InvalidArgumentError('It is a whole number from 0.');
  return number;
}

export function positiveNumber(text: string): number {
  const number = wholeNumber(text);
  if (number === 0) throw new InvalidArgumentError('It is a whole number from 1.');
  return number;
}

/** Collects a repeatable option. */
export function several(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** Fields of an event that are given one by one. */
export interface EventOptions {
  readonly type?: string;
  readonly data?: string;
  readonly source?: string;
  readonly id?: string;
  readonly subject?: string;
}

export function withEvent(command: Command): Command {
  return command
    .option('-t, --type <type>', 'event type, e.g. product.updated')
    .option('-d, --data <json>', 'event data: JSON, @FILE, or - for standard input')
    .option('-s, --source <name>', 'the configured source that it comes from (default: the first of type http)')
    .option('--id <id>', 'its id; the same id again is a duplicate and has no second effect')
    .option('--subject <subject>', 'what it is about (CloudEvents subject)');
}

/** JSON given as text, as @FILE or as - for standard input. */
export async function jsonArgument(text: string, name: string, shell: Shell): Promise<JsonValue> {
  const content = text === '-' ? await shell.readStdin() : text.startsWith('@') ? readText(text.slice(1), shell) : text;
  try {
    return JSON.parse(content) as JsonValue;
  } catch (error) {
    throw new UsageError(
      `${name} is not JSON: ${error instanceof Error ? error.message : ''}`,
      text === '-' || text.startsWith('@') ? undefined : `quote it for the shell: ${name} '{"product_id": 42}'`,
    );
  }
}

export function readText(file: string, shell: Pick<Shell, 'cwd'>): string {
  try {
    return readFileSync(resolve(shell.cwd, file), 'utf8');
  } catch (error) {
    throw new TidemarkError('FILE_UNREADABLE', file, { cause: error });
  }
}

export interface ListenAt {
  readonly host: string;
  readonly port: number;
}

export function listenOption(text: string): ListenAt {
  const listen = parseListen(text);
  if (listen) return listen;
  throw new UsageError(
    `--listen ${text} is no address to listen on`,
    'it looks like 127.0.0.1:4100, [::1]:4100 or 4100',
  );
}
