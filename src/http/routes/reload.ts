import { readNothing } from '../body/read.ts';
import type { Resource } from '../context.ts';
import { errorBody } from '../fault.ts';
import { queryOf } from '../query.ts';
import { REFUSALS } from '../refusal.ts';

/** `POST /v1/reload`: reads the contracts again; wrong ones change nothing. */
export const reload: Resource = (app, { operations, limits }) => {
  app.post('/v1/reload', { config: { access: 'admin' } }, async (request, reply) => {
    queryOf(request, []);
    await readNothing(request, limits);
    const { ok, findings } = await operations.reload();
    if (ok) return { ok, findings };
    const { status, hint } = REFUSALS.RELOAD_REFUSED;
    const errors = findings.filter(({ severity }) => severity === 'error').length;
    reply.code(status);
    return { ok, findings, ...errorBody('RELOAD_REFUSED', `the contracts have ${String(errors)} mistakes`, hint) };
  });
};
