import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RawRequest } from '../../sources/source.ts';
import { readBytes } from '../body/read.ts';
import type { Context, Resource } from '../context.ts';
import { errorBody, type ErrorBody } from '../fault.ts';
import { queryOf } from '../query.ts';
import { answerReceipts, type ReceiptBody } from '../receipt.ts';
import { Refusal, REFUSALS } from '../refusal.ts';

/** `POST /v1/events` and `/v1/webhooks/{source}`: bytes and headers go to the source's receiver as they came. */
export const ingest: Resource = (app, context) => {
  const { bodyBytesMax, eventSource } = context.operations;
  const common = { method: ['POST', 'OPTIONS'], config: { access: 'ingest' as const } };
  // A source that has its own bound on the body has routes of its own, so that no byte beyond is read.
  const boundOf = (source: string): number => bodyBytesMax.get(source) ?? context.limits.bodyBytesMax;
  const routeOf = (url: string, source: string): void => {
    const bodyLimit = boundOf(source);
    app.route({
      ...common,
      url,
      bodyLimit,
      handler: (request, reply) => accept(context, request, reply, source, bodyLimit),
    });
  };
  if (eventSource) routeOf('/v1/events', eventSource);
  else
    app.route({
      ...common,
      url: '/v1/events',
      handler: () => {
        throw new Refusal('SOURCE_UNKNOWN', 'no source of type http is configured');
      },
    });
  for (const path of ['/v1/events', '/v1/webhooks']) {
    for (const source of bodyBytesMax.keys()) routeOf(`${path}/${source}`, source);
    app.route<{ Params: { source: string } }>({
      ...common,
      url: `${path}/:source`,
      handler: (request, reply) => accept(context, request, reply, request.params.source, context.limits.bodyBytesMax),
    });
  }
};

async function accept(
  context: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  source: string,
  bodyBytesMax: number,
): Promise<ReceiptBody | ErrorBody | FastifyReply> {
  const { operations, options, limits } = context;
  // `access_token` is CloudEvents' way for senders that cannot set a header; the receiver checks it.
  const query = queryOf(request, ['wait', 'timeout', 'access_token']);
  const body = await readBytes(request, { ...limits, bodyBytesMax });
  const result = await operations.receive(source, rawRequest(request, body, options.runtime.clock.now()));
  if (result.ok) return answerReceipts(context, request, reply, result.receipts, query);
  reply.code(result.status).headers(result.headers ?? {});
  // An OPTIONS handshake is answered with headers alone.
  if (result.status < 400) return reply.send();
  const hint = result.status < 500 ? 'see docs/http-api.md and the options of the source' : REFUSALS.INTERNAL.hint;
  return errorBody(result.code, result.message, hint);
}

function rawRequest(request: FastifyRequest, body: Buffer, now: number): RawRequest {
  const headers = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = typeof value === 'string' ? value : value.join(', ');
  }
  // What they say was true of the bytes before they were decompressed.
  if (headers['content-encoding'] !== undefined) {
    delete headers['content-encoding'];
    delete headers['content-length'];
  }
  return { method: request.method, path: request.raw.url ?? '/', headers, body, now };
}
