import { jsonLog } from '../runtime/json-log.ts';
import type { Log, LogLevel } from '../runtime/log.ts';
import { timeOfDay } from './amounts.ts';
import { escapeControls } from './escape.ts';
import type { Paint } from './paint.ts';
import type { Shell } from './shell.ts';

/** JSON lines for machines; short lines for a person who watches. Both on standard error. */
export function shellLog(shell: Shell, level: LogLevel): Log {
  return jsonLog(level, {
    write: (line) => {
      shell.err(shell.liveErr ? logLine(line, shell.paintErr) : line);
    },
  });
}

/** `14:03:07.120  warn  the source restarts  source=shop-db code=SLOT_LOST`. */
export function logLine(json: string, paint: Paint): string {
  const { level, time, msg, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const at = typeof time === 'string' ? timeOfDay(Date.parse(time)) : '';
  const number = typeof level === 'number' ? level : 30;
  const word =
    number >= 50 ? paint.bad('error') : number >= 40 ? paint.warn('warn ') : number >= 30 ? 'info ' : 'debug';
  const rest = Object.entries(fields).map(([name, value]) => `${escapeControls(name)}=${escapeControls(shown(value))}`);
  const tail = rest.length === 0 ? '' : `  ${paint.faint(rest.join(' '))}`;
  return `${paint.faint(at)}  ${word}  ${escapeControls(typeof msg === 'string' ? msg : '')}${tail}\n`;
}

/** Of an error the message: its stack is for the JSON form, which is kept. */
function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  const message = typeof value === 'object' && value !== null && 'message' in value ? value.message : undefined;
  return typeof message === 'string' ? message : JSON.stringify(value);
}
