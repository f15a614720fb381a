import type { FastifyRequest } from 'fastify';
import type { Context } from './context.ts';
import { Refusal } from './refusal.ts';

/** Milliseconds that the client wants to wait for the layers; `null`: not at all. */
export function waitAsked(request: FastifyRequest, wait: string | undefined, maxMs: number): number | null {
  if (wait !== undefined && wait !== 'all') {
    throw new Refusal('PARAMETER_INVALID', 'wait must be all');
  }
  const preferred = preferredWait(request.headers['prefer']);
  if (preferred !== null) return Math.min(maxMs, preferred);
  return wait === 'all' ? maxMs : null;
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
  done: Promise<unknown>,
  ms: number,
  { options, shutdown }: Context,
  gone: AbortSignal,
): Promise<boolean> {
  const over = new AbortController();
  const stop = AbortSignal.any([shutdown, gone, over.signal]);
  const late = options.runtime.clock.sleep(ms, stop).then(() => false);
  try {
    return await Promise.race([
      done.then(
        () => true,
        () => false,
      ),
      late,
    ]);
  } finally {
    over.abort();
  }
}
