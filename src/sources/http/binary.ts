import type { ChangeEvent } from '../../model/event.ts';
import type { SourceId } from '../../model/position.ts';
import type { MediaType } from '../media-type.ts';
import { malformed, Refusal } from '../refusal.ts';
import type { RawRequest } from '../source.ts';
import { dataOfBytes } from './data.ts';
import { readEnvelope, toChangeEvent } from './envelope.ts';
import { decodeHeaderValue } from './header-value.ts';

const PREFIX = 'ce-';

/** Attributes in `ce-` headers, data in the body, its type in Content-Type. */
export function readBinary(
  name: SourceId,
  request: RawRequest,
  mediaType: MediaType | undefined,
): readonly ChangeEvent[] {
  const attributes = new Map<string, string>();
  for (const [header, raw] of Object.entries(request.headers)) {
    if (!header.startsWith(PREFIX) || raw === undefined) continue;
    const decoded = decodeHeaderValue(raw);
    if (!decoded.ok) throw malformed('CLOUDEVENT_HEADER', `the header ${header} ${decoded.problem}`);
    attributes.set(header.slice(PREFIX.length), decoded.value);
  }
  if (attributes.size === 0) {
    const message =
      'this is not a CloudEvent: send Content-Type application/cloudevents+json or application/cloudevents-batch+json, ' +
      'or the headers ce-specversion, ce-id, ce-source and ce-type';
    throw new Refusal(message, { status: 415, code: 'CONTENT_TYPE' });
  }
  if (attributes.has('datacontenttype')) {
    throw malformed('CLOUDEVENT_HEADER', 'ce-datacontenttype is not allowed: Content-Type says it');
  }
  if (!mediaType && request.body.byteLength > 0) {
    throw new Refusal('the body has no Content-Type', { status: 415, code: 'CONTENT_TYPE' });
  }
  const envelope = readEnvelope(attributes, mediaType);
  return [toChangeEvent(name, envelope, dataOfBytes(request.body, mediaType))];
}
