import { z } from 'zod';
import type { ChangeEvent } from '../../model/event.ts';
import type { SourceId } from '../../model/position.ts';
import { secret } from '../../runtime/options.ts';
import { isUtf8, parseMediaType } from '../media-type.ts';
import { received, Refusal } from '../refusal.ts';
import { maxBytes, requirePlainBody, requirePost } from '../request.ts';
import { timedSecrets, type TimedSecret } from '../secrets.ts';
import type { RawRequest, Receiver, SourceKind } from '../source.ts';
import { readBinary } from './binary.ts';
import { answerHandshake, isAllowedOrigin, type HandshakeOptions } from './handshake.ts';
import { Rate } from './rate.ts';
import { readBatch, readStructured } from './structured.ts';
import { requireToken } from './token.ts';

interface HttpOptions extends HandshakeOptions {
  readonly tokens: readonly TimedSecret[];
  readonly batchEventsMax: number;
  readonly bodyBytesMax: number;
}

const options = z
  .strictObject({
    token: secret()
      .optional()
      .describe(
        'What senders present as Authorization: Bearer or ?access_token=. Absent: anybody who reaches the port may send.',
      ),
    tokens: timedSecrets()
      .optional()
      .describe('Several tokens at once, to change them without losing events; each may have an `until` date.'),
    allowed_origins: z
      .array(z.string().min(1))
      .min(1)
      .default(['*'])
      .describe('Senders that the OPTIONS handshake grants permission to; `*` is any.'),
    rate: z
      .int()
      .positive()
      .optional()
      .describe('Requests a minute, as the handshake grants them; more are answered 429. Absent: any number.'),
    max_batch: z.int().positive().default(10_000).describe('Events in one batch; a larger one is answered 413.'),
    max_bytes: maxBytes('request'),
  })
  .refine((given) => given.token === undefined || given.tokens === undefined, {
    path: ['tokens'],
    message: 'give `token` or `tokens`, not both',
  })
  .transform((given): HttpOptions => ({
    tokens: given.tokens ?? (given.token ? [{ secret: given.token }] : []),
    allowedOrigins: given.allowed_origins,
    ...(given.rate === undefined ? {} : { ratePerMinute: given.rate }),
    batchEventsMax: given.max_batch,
    bodyBytesMax: given.max_bytes,
  }));

/** CloudEvents 1.0 over HTTP: structured, binary and batch, read by our own parser (docs/decisions say why). */
export const httpSource: SourceKind<HttpOptions> = {
  type: 'http',
  summary: 'CloudEvents 1.0 sent over HTTP: structured, binary and batch.',
  options,
  can: { order: false, replay: false, prove: false },
  receiver: (context, parsed): Receiver => {
    const rate = parsed.ratePerMinute === undefined ? null : new Rate(parsed.ratePerMinute);
    return {
      bodyBytesMax: parsed.bodyBytesMax,
      receive: (request) => {
        if (request.method === 'OPTIONS') return answerHandshake(request.headers, parsed);
        return received(context, () => accept(context.name, request, parsed, rate));
      },
    };
  },
};

function accept(name: SourceId, request: RawRequest, parsed: HttpOptions, rate: Rate | null): readonly ChangeEvent[] {
  requirePost(request, 'POST, OPTIONS');
  requireToken(request, parsed.tokens);
  const origin = request.headers['webhook-request-origin'];
  // The handshake is offered, not demanded: a sender that gives no origin at all is not turned away for it.
  if (origin !== undefined && !isAllowedOrigin(origin, parsed)) {
    throw new Refusal('this origin may not send events here', { status: 403, code: 'ORIGIN_REFUSED' });
  }
  rate?.take(request.now);
  requirePlainBody(request, parsed.bodyBytesMax);
  return read(name, request, parsed.batchEventsMax);
}

/** By Content-Type, and the batch first: its name begins like the other's. */
function read(name: SourceId, request: RawRequest, eventsMax: number): readonly ChangeEvent[] {
  const header = request.headers['content-type'];
  const mediaType = header === undefined ? undefined : parseMediaType(header);
  if (mediaType === null) throw new Refusal('Content-Type is not a media type', { status: 415, code: 'CONTENT_TYPE' });
  if (!mediaType?.essence.startsWith('application/cloudevents')) return readBinary(name, request, mediaType);
  if (!isUtf8(mediaType)) {
    throw new Refusal('CloudEvents in JSON are sent in UTF-8', { status: 415, code: 'CONTENT_TYPE' });
  }
  if (mediaType.essence === 'application/cloudevents-batch+json') return readBatch(name, request.body, eventsMax);
  if (mediaType.essence === 'application/cloudevents+json') return readStructured(name, request.body);
  const message = `${mediaType.essence} is not understood: send application/cloudevents+json or -batch+json`;
  throw new Refusal(message, { status: 415, code: 'CONTENT_TYPE' });
}
