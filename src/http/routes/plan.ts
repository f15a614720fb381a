import { z } from 'zod';
import type { JsonValue } from '../../model/json.ts';
import type { EventInput } from '../../operations.ts';
import { readJson } from '../body/read.ts';
import type { Resource } from '../context.ts';
import { name, target } from '../../contracts/explicit.ts';
import { queryOf } from '../query.ts';

const schema = z.strictObject({
  type: target,
  data: z.custom<JsonValue>(() => true).optional(),
  source: name.optional(),
  id: target.optional(),
  subject: target.optional(),
  time: z.string().max(100).optional(),
});

/** `POST /v1/plan`: what an event would do. Changes nothing. */
export const plan: Resource = (app, { operations, limits }) => {
  app.post('/v1/plan', { config: { access: 'admin' } }, async (request) => {
    queryOf(request, []);
    return operations.preview((await readJson(request, limits, schema)) as EventInput);
  });
};
