import type { FastifyRequest } from 'fastify';
import type { Offset } from '../../model/position.ts';
import type { Context, Resource } from '../context.ts';
import { integer, queryOf } from '../query.ts';
import { Refusal } from '../refusal.ts';
import { EventStream } from '../stream/event-stream.ts';

const PAGE_DEFAULT = 100;
const PAGE_MAX = 1_000;

/** `GET /v1/journal`: a page of entries. `GET /v1/journal/stream`: entries as server-sent events, then new ones. */
export const journal: Resource = (app, context) => {
  const { operations } = context;

  app.get('/v1/journal', { config: { access: 'admin' } }, async (request) => {
    const query = queryOf(request, ['after', 'limit']);
    const after = integer('after', query.after, { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 0 });
    const limit = integer('limit', query.limit, { min: 1, max: PAGE_MAX, fallback: PAGE_DEFAULT });
    const entries = await operations.entries(after as Offset, limit);
    const { head, first } = operations;
    const gap = missing(after, head, entries[0]?.offset ?? first);
    return { entries, next: entries.at(-1)?.offset ?? after, head, first, ...(gap ? { gap } : {}) };
  });

  app.get(
    '/v1/journal/stream',
    { config: { access: 'admin', stream: true }, exposeHeadRoute: false },
    async (request, reply) => {
      const after = startOf(request, operations.head);
      await context.slots.within(() => follow(context, after, new EventStream(reply, context)));
    },
  );
};

/** `Last-Event-ID` is newer than the URL: an event source keeps the URL when it connects again. */
function startOf(request: FastifyRequest, head: number): number {
  const query = queryOf(request, ['after']);
  const last = request.headers['last-event-id'];
  const bounds = { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: null };
  if (Array.isArray(last)) throw new Refusal('PARAMETER_INVALID', 'Last-Event-ID is there twice');
  const resumed = last ? integer('Last-Event-ID', last, bounds) : null;
  return resumed ?? integer('after', query.after, bounds) ?? head;
}

async function follow({ operations, options }: Context, after: number, stream: EventStream): Promise<void> {
  let cursor = after;
  const tellGap = async (next: number): Promise<void> => {
    const gap = missing(cursor, operations.head, next);
    if (!gap) return;
    cursor = gap.resumeAfter;
    await stream.push({ event: 'gap', id: cursor, data: gap });
  };
  try {
    await tellGap(operations.first);
    await stream.flush();
    for await (const entries of operations.follow(cursor as Offset, stream.signal)) {
      for (const entry of entries) {
        if (stream.signal.aborted) break;
        await tellGap(entry.offset);
        await stream.push({ id: entry.offset, data: entry });
        cursor = entry.offset;
      }
      await stream.flush();
    }
  } catch (error) {
    // The client resumes where it was; what went wrong is ours to look at.
    options.runtime.log.error({ err: error, after: cursor }, 'the journal stream broke');
  } finally {
    stream.end();
  }
}

interface Gap {
  /** `trimmed`: retention has removed entries. `reset`: this is not the journal that the offset is from. */
  readonly reason: 'trimmed' | 'reset';
  readonly after: number;
  readonly resumeAfter: number;
}

/** A follower that skipped entries without knowing would trust what they ended. */
function missing(after: number, head: number, next: number): Gap | null {
  if (after > head) return { reason: 'reset', after, resumeAfter: head };
  return next > after + 1 ? { reason: 'trimmed', after, resumeAfter: next - 1 } : null;
}
