import { createHash } from 'node:crypto';
import type { ChangeEvent } from '../../model/event.ts';
import type { JsonObject } from '../../model/json.ts';
import type { SourceId } from '../../model/position.ts';
import { parseStrictJson } from '../../runtime/strict-json.ts';
import { isJson, isUtf8, parseMediaType } from '../media-type.ts';
import { checkType, jsonOf, malformed, Refusal } from '../refusal.ts';
import type { RawRequest } from '../source.ts';
import type { Described, Scheme, SchemeSettings } from './scheme.ts';

/** Longer than any vendor's; an event type is an index key. */
const TYPE_CHARS_MAX = 200;

/** 128 bits: two bodies that share them cannot be made, also not by a sender who would like to. */
const DIGEST_CHARS = 32;

export interface Naming {
  readonly scheme: Scheme;
  readonly settings: SchemeSettings;
  /** Our types by those of the vendor. */
  readonly types: Readonly<Record<string, string>>;
  readonly dedupe: 'delivery' | 'body';
}

/** The event of a delivery whose signature holds. What cannot be read is refused, so that the vendor shows it as failed. */
export function eventOfDelivery(name: SourceId, request: RawRequest, naming: Naming): ChangeEvent {
  const body = bodyOf(request);
  const described = naming.scheme.describe(request, body, naming.settings);
  const type = Object.hasOwn(naming.types, described.type) ? (naming.types[described.type] ?? '') : described.type;
  if (type.length > TYPE_CHARS_MAX || /[\p{Cc}\p{Cs}]/u.test(type)) {
    throw malformed(
      'EVENT_TYPE',
      `the event's type is longer than ${TYPE_CHARS_MAX} characters or holds control characters`,
    );
  }
  return {
    id: idOf(described, request.body, naming.dedupe),
    type: checkType(type),
    source: name,
    ...(described.time === undefined ? {} : { time: described.time }),
    data: body,
  };
}

/**
 * The id must cover everything the plan is made from, or whoever has seen one delivery could send its body under the
 * id of the next one and have that taken for a repetition. Where headers are not signed, a digest of them and of the
 * body is part of it. A body sent again under an id made up is then an event of its own: it invalidates once more,
 * which costs a load and makes nothing stale. `body` refuses that too, at the price of losing a later event whose
 * body is the same to the byte.
 */
function idOf({ id, unsigned }: Described, body: Uint8Array, dedupe: Naming['dedupe']): string {
  if (unsigned === undefined && dedupe === 'delivery') return id;
  const hash = createHash('sha256');
  for (const header of unsigned ?? []) hash.update(`${header}\n`);
  const digest = hash.update(body).digest('hex').slice(0, DIGEST_CHARS);
  return dedupe === 'body' ? digest : `${id} ${digest}`;
}

function bodyOf({ headers, body }: RawRequest): JsonObject {
  const declared = headers['content-type'];
  const mediaType = declared === undefined ? undefined : parseMediaType(declared);
  if (mediaType === null || (mediaType && !(isJson(mediaType) && isUtf8(mediaType)))) {
    const message = 'the payload is not declared as JSON in UTF-8: choose JSON where the webhook is set up';
    throw new Refusal(message, { status: 415, code: 'CONTENT_TYPE' });
  }
  const value = jsonOf(parseStrictJson(body), 'the body');
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw malformed('PAYLOAD_SHAPE', 'the payload is not a JSON object');
}
