import { z } from 'zod';
import type { InvalidationMessage } from '../../operations.ts';
import { readJson } from '../body/read.ts';
import type { Resource } from '../context.ts';
import { name, target } from '../fields.ts';
import { queryOf } from '../query.ts';
import { answerReceipts } from '../receipt.ts';

/** One message is one journal entry; more targets than this belong into several. */
const TARGETS_MAX = 10_000;

const targets = z.array(target).max(TARGETS_MAX).optional();

const schema = z
  .strictObject({
    keys: targets,
    tags: targets,
    namespaces: z.array(name).max(TARGETS_MAX).optional(),
    urls: targets,
    namespace: name.optional(),
    soft: z.boolean().optional(),
    reason: z.string().max(1_000).optional(),
  })
  .refine((message) => countOf(message) > 0, { message: 'name at least one of keys, tags, namespaces, urls' })
  .refine((message) => !message.soft || !(message.namespaces?.length || message.urls?.length), {
    path: ['soft'],
    message: 'only keys and tags can be expired; namespaces and urls are always purged',
  });

function countOf({ keys, tags, namespaces, urls }: Partial<Record<string, unknown>>): number {
  return [keys, tags, namespaces, urls].flat().filter((item) => item !== undefined).length;
}

/** `POST /v1/invalidations`: an explicit message, journalled and applied like what a contract plans. */
export const invalidations: Resource = (app, context) => {
  app.post('/v1/invalidations', { config: { access: 'admin' } }, async (request, reply) => {
    const { wait } = queryOf(request, ['wait']);
    const message = await readJson(request, context.limits, schema);
    const receipt = await context.operations.invalidate(message as InvalidationMessage);
    return answerReceipts(context, request, reply, [receipt], wait);
  });
};
