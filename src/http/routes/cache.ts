import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { JsonValue } from '../../model/json.ts';
import { parseDuration } from '../../runtime/options.ts';
import { readJson, readNothing } from '../body/read.ts';
import type { Resource } from '../context.ts';
import { errorBody } from '../fault.ts';
import { target } from '../../contracts/explicit.ts';
import { offsetFrom } from '../fields.ts';
import { queryOf } from '../query.ts';
import { answerReceipts } from '../receipt.ts';
import { Refusal, REFUSALS } from '../refusal.ts';

interface ByKey {
  readonly Params: { readonly namespace: string; readonly key: string };
}

/** As many as the strictest HTTP cache that carries tags accepts, times a hundred. */
const TAGS_MAX = 1_000;

const ttl = z
  .union([z.number(), z.string()])
  .transform((input) => parseDuration(input))
  .refine((ms) => ms !== null && ms > 0, { message: 'must be milliseconds or a duration such as "10m"' })
  .transform((ms) => ms ?? 0);

const schema = z.strictObject({
  // `undefined` is not JSON: a field that is there has a value, and null is one.
  value: z.custom<JsonValue>((value) => value !== undefined, { message: 'is required (null is a value)' }),
  tags: z.array(target).max(TAGS_MAX).default([]),
  ttl: ttl.optional(),
  stamp: offsetFrom(0).optional(),
});

/** `/v1/cache/{namespace}/{key}`: the daemon's own cache, for programs in other languages. Remote fills are fenced too. */
export const cache: Resource = (app, context) => {
  const { operations, limits } = context;
  const config = { access: 'admin' } as const;
  const url = '/v1/cache/:namespace/:key';

  app.get<ByKey>(url, { config }, async (request, reply) => {
    queryOf(request, []);
    const { namespace, key } = request.params;
    const found = await operations.cacheGet(namespace, keyOf(key));
    const { reason, why } = found;
    if (!found.found) return reply.code(404).send({ stamp: found.stamp, reason, why });
    const { value, tags, trust } = found;
    // Rounded to the older side. What nothing has proven yet has no age that could be told.
    const asOf = Number.isFinite(found.asOf) ? Math.floor(found.asOf) : null;
    const maxAgeMs = Number.isFinite(found.maxAgeMs) ? Math.ceil(found.maxAgeMs) : null;
    if (maxAgeMs !== null) reply.header('age', String(Math.ceil(maxAgeMs / 1_000)));
    return { value, tags, asOf, maxAgeMs, trust, reason, why };
  });

  app.put<ByKey>(url, { config }, async (request, reply) => {
    queryOf(request, []);
    const { namespace } = request.params;
    const key = keyOf(request.params.key);
    const { value, tags, ttl: ttlMs, stamp } = await readJson(request, limits, schema);
    if (stamp === undefined) throw new Refusal('STAMP_MISSING', 'a fill needs the stamp of before its load');
    const fill = { value, tags, stamp, ...(ttlMs === undefined ? {} : { ttlMs }) };
    const { stored, reason } = operations.cachePut(namespace, key, fill);
    if (stored) return reply.code(201).send({ stored });
    return refused(reply, reason);
  });

  app.delete<ByKey>(url, { config }, async (request, reply) => {
    const query = queryOf(request, ['wait', 'timeout']);
    await readNothing(request, limits);
    const { namespace } = request.params;
    const message = { keys: [keyOf(request.params.key)], namespace, reason: 'deleted over HTTP' };
    const receipt = await operations.invalidate(message);
    return answerReceipts(context, request, reply, [receipt], query);
  });
};

function refused(reply: FastifyReply, reason = 'an invalidation is newer than the stamp'): FastifyReply {
  const { status, hint } = REFUSALS.FILL_REFUSED;
  return reply.code(status).send({ stored: false, ...errorBody('FILL_REFUSED', reason, hint) });
}

function keyOf(text: string): string {
  const key = target.safeParse(text);
  if (key.success) return key.data;
  throw new Refusal('PARAMETER_INVALID', 'the key must have 1 to 2048 characters and no control characters');
}
