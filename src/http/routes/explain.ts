import type { Resource } from '../context.ts';
import { target } from '../../contracts/explicit.ts';
import { queryOf } from '../query.ts';
import { Refusal } from '../refusal.ts';

/** `GET /v1/explain?key=`: what would end the trust of a key, what did, and what is held of it. */
export const explain: Resource = (app, { operations }) => {
  app.get('/v1/explain', { config: { access: 'admin' } }, (request) => {
    const key = target.safeParse(queryOf(request, ['key']).key);
    if (key.success) return operations.explain(key.data);
    throw new Refusal('PARAMETER_INVALID', 'key must be the key to explain, without control characters');
  });
};
