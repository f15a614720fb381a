import { explicitMessage } from '../contracts/explicit.ts';
import { TidemarkError } from '../errors.ts';
import type { Asked, FeedAnswer } from '../model/feed.ts';
import type { JsonValue } from '../model/json.ts';
import type { Receipt } from '../operations.ts';
import { invalidationOf, send } from './emission.ts';
import type { Engine } from './engine.ts';
import { positionOf } from './position.ts';
import { eventSourceOf, receive } from './receive.ts';
import { refusedBy } from './refused.ts';

/** What a process asks for that is fed by the journal itself: the same as over the HTTP API, with the same refusals. */
export async function answerTo(engine: Engine, what: Asked, body: unknown): Promise<FeedAnswer> {
  try {
    if (what === 'emit') return await emitted(engine, body);
    return { ok: what === 'invalidate' ? await invalidated(engine, body) : await positioned(engine, body) };
  } catch (error) {
    return refusal(engine, error);
  }
}

async function emitted(engine: Engine, body: unknown): Promise<FeedAnswer> {
  const now = engine.runtime.clock.now();
  const headers = { 'content-type': 'application/cloudevents+json' };
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  const request = { method: 'POST', path: '/', headers, body: bytes, now };
  const result = await receive(engine, eventSourceOf(engine), request);
  if (!result.ok) return { status: result.status, error: { code: result.code, message: result.message, hint: '' } };
  return { ok: receiptBody(result.receipts.at(-1)) };
}

async function invalidated(engine: Engine, body: unknown): Promise<unknown> {
  const parsed = explicitMessage.safeParse(body);
  if (!parsed.success) {
    const mistakes = parsed.error.issues.slice(0, 20).map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new TidemarkError('INVALIDATION_INVALID', mistakes.join('; '));
  }
  const event = invalidationOf(engine, parsed.data);
  return receiptBody(await send(engine, event.source, [event]));
}

async function positioned(engine: Engine, body: unknown): Promise<unknown> {
  const { namespace, source } = (body ?? {}) as Readonly<Record<string, JsonValue | undefined>>;
  const found = typeof namespace === 'string' ? engine.namespaces.all.get(namespace) : undefined;
  if (!found) throw new TidemarkError('NAMESPACE_UNKNOWN', JSON.stringify(namespace));
  return positionOf(engine, found, undefined, typeof source === 'string' ? source : undefined);
}

function receiptBody(receipt: Receipt | undefined): unknown {
  return { offset: receipt?.offset ?? null, duplicate: receipt?.duplicate ?? false, layers: receipt?.layers() ?? {} };
}

function refusal({ runtime }: Engine, error: unknown): FeedAnswer {
  if (error instanceof TidemarkError) {
    const { status, ...said } = refusedBy(error);
    return { status, error: said };
  }
  runtime.log.error({ err: error }, 'what a fed process asked for failed unexpectedly');
  const hint = 'look for it in the log of the daemons';
  return { status: 500, error: { code: 'INTERNAL', message: 'the daemon met an error that it did not expect', hint } };
}
