import type { LayerResults } from '../model/status.ts';
import { grouped } from './amounts.ts';
import type { Daemon, RequestOptions } from '../remote/daemon.ts';
import { EXIT } from './exit.ts';
import { escapeControls, safeJson } from './escape.ts';
import type { Shell } from './shell.ts';

/** What an accepted message is answered with: durable, and how far each layer was at that moment. */
export interface Accepted {
  readonly offset: number | null;
  readonly duplicate: boolean;
  readonly layers: LayerResults;
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
  const everywhere = Object.values(answer.layers).every((result) => result === 'applied');
  const failed = Object.values(answer.layers).includes('failed');
  shell.exitCode = failed || (wait && !everywhere) ? EXIT.findings : EXIT.fine;
}

export function renderAccepted({ offset, duplicate, layers }: Accepted, paint: Shell['paintOut']): string {
  if (offset === null) return 'nothing was in it\n';
  const place = `#${grouped(offset)}`;
  const head = duplicate
    ? `${paint.warn('duplicate')} of ${place}: no second effect`
    : `${paint.good('durable')} at ${place}`;
  const each = Object.entries(layers).map(([layer, result]) => {
    const painted = result === 'failed' ? paint.bad(result) : result === 'queued' ? paint.warn(result) : result;
    return `${escapeControls(layer)} ${painted}`;
  });
  return `${head}${each.length === 0 ? '' : `  (${each.join(', ')})`}\n`;
}
