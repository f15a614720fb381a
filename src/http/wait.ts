import type { FastifyRequest } from 'fastify';
import { parseDuration } from '../runtime/options.ts';
import type { Context } from './context.ts';
import { Refusal } from './refusal.ts';

/** What a request says of waiting. */
export type WaitQuery = Readonly<Partial<Record<'wait' | 'timeout', string>>>;

/** Milliseconds that the client wants to wait for all layers and processes; `null`: not at all. */
export function waitAsked(request: FastifyRequest, { wait, timeout }: WaitQuery, maxMs: number): number | null {
  if (wait !== undefined && wait !== 'all') throw new Refusal('PARAMETER_INVALID', 'wait must be all');
  const timeoutMs = timeoutOf(timeout);
  if (timeoutMs !== null && wait === undefined) throw new Refusal('PARAMETER_INVALID', 'timeout goes with wait=all');
  const preferred = preferredWait(request.headers['prefer']);
  if (preferred === null && wait === undefined) return null;
  return Math.min(maxMs, preferred ?? Infinity, timeoutMs ?? Infinity);
}

function timeoutOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const ms = parseDuration(/^\d+$/.test(text) ? Number(text) : text);
  if (ms === null) throw new Refusal('PARAMETER_INVALID', 'timeout must be milliseconds or a duration such as 5s');
  return ms;
}

/** RFC 7240: `Prefer: wait=10` is in seconds; `wait` alone is as long as we like. Unknown preferences are ignored. */
function preferredWait(header: string | string[] | undefined): number | null {
  if (header === undefined) return null;
  const match = /(?:^|,)\s*wait(?:\s*=\s*"?(\d{1,9})"?)?\s*(?:[;,]|$)/i.exec([header].flat().join(','));
  if (!match) return null;
  return match[1] === undefined ? Infinity : Number(match[1]) * 1_000;
}

/** Resolves `true` when `done` does, or `false` when the time is over, the client has gone or the server closes. */
export async function within(
  done: (signal: AbortSignal) => Promise<unknown>,
  ms: number,
  { options, shutdown }: Context,
  gone: AbortSignal,
): Promise<boolean> {
  const over = new AbortController();
  const stop = AbortSignal.any([shutdown, gone, over.signal]);
  const late = options.runtime.clock.sleep(ms, stop).then(() => false);
  try {
    return await Promise.race([
      done(stop).then(
        () => !stop.aborted,
        () => false,
      ),
      late,
    ]);
  } finally {
    over.abort();
  }
}
