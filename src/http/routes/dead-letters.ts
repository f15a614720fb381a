import { readNothing } from '../body/read.ts';
import type { Resource } from '../context.ts';
import { integer, queryOf } from '../query.ts';
import { Refusal } from '../refusal.ts';

const PAGE_DEFAULT = 100;
const PAGE_MAX = 1_000;

interface ById {
  readonly Params: { readonly id: string };
}

/** `/v1/dead-letters`: what could not be done, to look at, try again or give up. */
export const deadLetters: Resource = (app, { operations, limits }) => {
  const config = { access: 'admin' } as const;

  app.get('/v1/dead-letters', { config }, async (request) => {
    const query = queryOf(request, ['after', 'limit']);
    const after = integer('after', query.after, { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 0 });
    const limit = integer('limit', query.limit, { min: 1, max: PAGE_MAX, fallback: PAGE_DEFAULT });
    const letters = await operations.deadLetters({ after, limit });
    return { deadLetters: letters, next: letters.at(-1)?.id ?? after };
  });

  app.get<ById>('/v1/dead-letters/:id', { config }, async (request) => {
    queryOf(request, []);
    const id = idOf(request.params.id);
    const letter = await operations.deadLetter(id);
    if (letter) return letter;
    throw unknown(id);
  });

  app.post<ById>('/v1/dead-letters/:id/retry', { config }, async (request) => {
    queryOf(request, []);
    await readNothing(request, limits);
    const id = idOf(request.params.id);
    if (!(await operations.deadLetter(id))) throw unknown(id);
    const { ok, message } = await operations.retryDeadLetter(id);
    if (ok) return { ok, message };
    throw new Refusal('DEAD_LETTER_STAYS', message);
  });

  app.delete<ById>('/v1/dead-letters/:id', { config }, async (request, reply) => {
    queryOf(request, []);
    await readNothing(request, limits);
    const id = idOf(request.params.id);
    if (!(await operations.discardDeadLetter(id))) throw unknown(id);
    return reply.code(204).send();
  });
};

function idOf(text: string): number {
  return integer('id', text, { min: 1, max: Number.MAX_SAFE_INTEGER, fallback: 0 });
}

function unknown(id: number): Refusal {
  return new Refusal('DEAD_LETTER_UNKNOWN', `there is no dead letter ${String(id)}`);
}
