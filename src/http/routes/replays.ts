import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ReplayReport, ReplayRequest } from '../../operations.ts';
import { readJson } from '../body/read.ts';
import type { Context, Resource } from '../context.ts';
import { faultOf } from '../fault.ts';
import { target } from '../../contracts/explicit.ts';
import { offsetFrom } from '../fields.ts';
import { goneSignal } from '../gone.ts';
import { toJson } from '../printable.ts';
import { queryOf } from '../query.ts';
import { Refusal } from '../refusal.ts';
import { frame } from '../stream/frame.ts';
import { LongAnswer } from '../stream/long-answer.ts';

const schema = z
  .strictObject({
    from: offsetFrom(1),
    to: offsetFrom(1).optional(),
    types: z.array(target).min(1).max(100).optional(),
    dryRun: z.boolean().optional(),
    rate: z.number().positive().max(1_000_000).optional(),
  })
  .refine(({ from, to }) => to === undefined || to >= from, { path: ['to'], message: 'must not be before from' });

type Asked = z.output<typeof schema>;

/** How each media type that a client may accept writes one step of the way. */
const FORMATS: Readonly<Record<string, (step: string, data: unknown) => string>> = {
  'text/event-stream': (step, data) => frame({ event: step, data }),
  'application/x-ndjson': (step, data) => `${toJson({ [step]: data })}\n`,
};

/**
 * `POST /v1/replays`: plans old events again. Answers the report at the end, or `progress` steps and then the `report`
 * to a client that accepts server-sent events or NDJSON. Ending the request cancels the replay.
 */
export const replays: Resource = (app, context) => {
  const running = { now: false };
  app.post('/v1/replays', { config: { access: 'admin' } }, async (request, reply) => {
    queryOf(request, []);
    const asked = await readJson(request, context.limits, schema);
    // Two at once would plan the same events twice and share the pace that protects the layers.
    if (running.now) throw new Refusal('REPLAY_RUNNING', 'a replay is running');
    running.now = true;
    try {
      const format = Object.keys(FORMATS).find((type) => request.headers.accept?.includes(type));
      return format ? await streamed(context, asked, request, reply, format) : await whole(context, asked, reply);
    } finally {
      running.now = false;
    }
  });
};

function whole({ operations, shutdown }: Context, asked: Asked, reply: FastifyReply): Promise<ReplayReport> {
  const signal = AbortSignal.any([goneSignal(reply), shutdown]);
  return operations.replay({ ...(asked as ReplayRequest), signal });
}

async function streamed(
  { operations, options, limits, shutdown }: Context,
  asked: Asked,
  request: FastifyRequest,
  reply: FastifyReply,
  contentType: string,
): Promise<FastifyReply> {
  const { clock, log } = options.runtime;
  const write = FORMATS[contentType] ?? toJson;
  const answer = new LongAnswer(reply, { clock, contentType, shutdown, stallMs: limits.streamStallMs });
  const onProgress = (progress: ReplayReport): void => {
    // Steps are only news: a client that is slow misses some, and the report at the end is complete.
    if (!answer.isFull) void answer.send(write('progress', progress));
  };
  try {
    const report = await operations.replay({ ...(asked as ReplayRequest), signal: answer.signal, onProgress });
    answer.end(write('report', report));
  } catch (error) {
    const { body, unexpected } = faultOf(error);
    if (unexpected) log.error({ err: error, requestId: request.id }, 'the replay failed');
    answer.end(write('failed', body.error));
  }
  return reply;
}
