import type { MemberResult } from '../model/member.ts';
import type { LayerResults } from '../model/status.ts';
import { grouped } from './amounts.ts';
import type { Daemon, RequestOptions } from '../remote/daemon.ts';
import { EXIT } from './exit.ts';
import { escapeControls, safeJson } from './escape.ts';
import type { Shell } from './shell.ts';

/** What an accepted message is answered with: durable, and how far each layer and other process was at that moment. */
export interface Accepted {
  readonly offset: number | null;
  readonly duplicate: boolean;
  readonly layers: LayerResults;
  /** Absent when there are no other processes. */
  readonly processes?: readonly MemberResult[];
}

/** The daemon gives up waiting after 30 s; a little more, so that it is the one to say so. */
const WAIT_MS = 35_000;

/** Sends a message to be journalled and says what became of it. With `wait`, anything but applied everywhere is a failure. */
export async function deliver(
  daemon: Daemon,
  path: string,
  message: RequestOptions & { readonly wait: boolean; readonly json: boolean },
  shell: Shell,
): Promise<void> {
  const { wait, json, ...request } = message;
  const answer = wait
    ? await daemon.request<Accepted>('POST', `${path}?wait=all`, { ...request, timeoutMs: WAIT_MS })
    : await daemon.request<Accepted>('POST', path, request);
  shell.out(json ? `${safeJson(answer, 2)}\n` : renderAccepted(answer, shell.paintOut));
  const everywhere =
    Object.values(answer.layers).every((result) => result === 'applied') &&
    (answer.processes ?? []).every(({ result }) => result === 'applied' || result === 'left');
  const failed = Object.values(answer.layers).includes('failed');
  shell.exitCode = failed || (wait && !everywhere) ? EXIT.findings : EXIT.fine;
}

export function renderAccepted(
  { offset, duplicate, layers, processes = [] }: Accepted,
  paint: Shell['paintOut'],
): string {
  if (offset === null) return 'nothing was in it\n';
  const place = `#${grouped(offset)}`;
  const head = duplicate
    ? `${paint.warn('duplicate')} of ${place}: no second effect`
    : `${paint.good('durable')} at ${place}`;
  const each = Object.entries(layers).map(([layer, result]) => {
    const painted = result === 'failed' ? paint.bad(result) : result === 'queued' ? paint.warn(result) : result;
    return `${escapeControls(layer)} ${painted}`;
  });
  const layersLine = `${head}${each.length === 0 ? '' : `  (${each.join(', ')})`}\n`;
  return layersLine + processLines(processes, paint);
}

/** One line for all, and one for each that has not got it. */
function processLines(processes: readonly MemberResult[], paint: Shell['paintOut']): string {
  if (processes.length === 0) return '';
  const lacks = processes.filter(({ result }) => result !== 'applied');
  const all = `${grouped(processes.length - lacks.length)} of ${grouped(processes.length)} other processes applied it`;
  const each = lacks.map(({ name, result, reason = '' }) => {
    const painted = result === 'left' ? result : paint.warn(result);
    return `${escapeControls(name)} ${painted}${reason === '' ? '' : `: ${escapeControls(reason)}`}`;
  });
  return [all, ...each].map((line) => `  ${line}\n`).join('');
}
