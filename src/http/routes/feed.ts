import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { FeedFrame, FeedFrom } from '../../model/feed.ts';
import type { Offset } from '../../model/position.ts';
import { readJson, readNothing } from '../body/read.ts';
import type { Context, Resource } from '../context.ts';
import { name } from '../../contracts/explicit.ts';
import { offsetFrom } from '../fields.ts';
import { integer, queryOf } from '../query.ts';
import { Refusal } from '../refusal.ts';
import { EventStream } from '../stream/event-stream.ts';
import { frame } from '../stream/frame.ts';

interface ById {
  readonly Params: { readonly id: string };
}

const questionSchema = z.strictObject({
  id: name,
  name,
  epoch: name,
  watermark: offsetFrom(0),
  clock: name.optional(),
});

/**
 * `GET /v1/feed`: what a process that caches elsewhere needs, as server-sent events: `hello` once, then pages of entries and
 * proofs, and a sign of life at least every quarter of a second. `POST /v1/feed/time`: the clock that its proofs are of, for a process that
 * says how far it is. `DELETE /v1/feed/members/{id}`: it ends.
 * `GET /v1/position?namespace=`: a token of what has been committed by now.
 */
export const feed: Resource = (app, context) => {
  const { operations } = context;

  app.get('/v1/feed', { config: { access: 'admin', stream: true }, exposeHeadRoute: false }, async (request, reply) => {
    const from = fromOf(request);
    await context.slots.within(() => send(context, from, new EventStream(reply, context)));
  });

  app.get('/v1/position', { config: { access: 'admin' } }, async (request) => {
    const { namespace, source } = queryOf(request, ['namespace', 'source']);
    if (namespace === undefined) throw new Refusal('PARAMETER_INVALID', 'namespace is required');
    return { token: await operations.position(namespace, source) };
  });

  app.post('/v1/feed/time', { config: { access: 'admin' } }, async (request) => {
    queryOf(request, []);
    return operations.feedTime(await readJson(request, context.limits, questionSchema));
  });

  app.delete<ById>('/v1/feed/members/:id', { config: { access: 'admin' } }, async (request, reply) => {
    queryOf(request, []);
    await readNothing(request, context.limits);
    operations.feedLeft(request.params.id);
    return reply.code(204).send();
  });
};

function fromOf(request: FastifyRequest): FeedFrom | null {
  const { epoch, after } = queryOf(request, ['epoch', 'after']);
  if (epoch === undefined && after === undefined) return null;
  const offset = integer('after', after, { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: null });
  if (epoch === undefined || offset === null) throw new Refusal('PARAMETER_INVALID', 'epoch and after go together');
  return { epoch, after: offset as Offset };
}

/** Those who keep up are all told with the very same frames. */
const texts = new WeakMap<FeedFrame, string>();

function textOf(next: FeedFrame): string {
  const known = texts.get(next);
  if (known !== undefined) return known;
  const { kind, ...data } = next;
  const text = frame({ event: kind, data });
  texts.set(next, text);
  return text;
}

async function send({ operations, options }: Context, from: FeedFrom | null, stream: EventStream): Promise<void> {
  try {
    for await (const next of operations.feed(from, stream.signal)) await stream.write(textOf(next));
  } catch (error) {
    // Whoever is fed goes on where it was; what went wrong is ours to look at.
    options.runtime.log.error({ err: error }, 'a feed broke');
  } finally {
    stream.end();
  }
}
