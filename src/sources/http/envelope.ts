import type { ChangeEvent } from '../../model/event.ts';
import type { JsonValue } from '../../model/json.ts';
import type { SourceId } from '../../model/position.ts';
import { parseMediaType, type MediaType } from '../media-type.ts';
import { checkType, malformed } from '../refusal.ts';
import { isRfc3339 } from '../rfc3339.ts';

/** Long enough for any URI or name in use; short enough to be an index key. */
const ATTRIBUTE_CHARS_MAX = 1_024;

/** CloudEvents' own rule for strings: no control characters, no noncharacters, no half of a pair. */
const FORBIDDEN = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u;

/** The attributes of one event by name, as strings or as JSON gave them; `null` is the same as absent. */
export type Attributes = ReadonlyMap<string, JsonValue>;

export interface Envelope {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  readonly time?: string;
  /** Of the data; absent when not declared. */
  readonly mediaType?: MediaType;
}

/** Checks every attribute. Nothing is made up: an event without id or with a bad time is refused. */
export function readEnvelope(attributes: Attributes, mediaType?: MediaType): Envelope {
  const version = attributes.get('specversion');
  if (version !== '1.0') {
    const found = version === undefined || version === null ? 'is missing' : `is ${JSON.stringify(version)}`;
    throw malformed('CLOUDEVENT_VERSION', `specversion ${found}: only "1.0" is understood`);
  }
  const source = required(attributes, 'source');
  if (/\s/.test(source)) throw malformed('CLOUDEVENT_ATTRIBUTE', 'source is not a URI reference: it has white space');
  const time = optional(attributes, 'time');
  if (time !== undefined && !isRfc3339(time)) {
    throw malformed('CLOUDEVENT_ATTRIBUTE', 'time is not an RFC 3339 timestamp such as 2026-01-31T12:00:00Z');
  }
  const subject = optional(attributes, 'subject');
  optional(attributes, 'dataschema');
  for (const [name, value] of attributes) checkExtension(name, value);
  return {
    id: required(attributes, 'id'),
    source,
    type: checkType(required(attributes, 'type')),
    ...(subject === undefined ? {} : { subject }),
    ...(time === undefined ? {} : { time }),
    ...(mediaType === undefined ? {} : { mediaType }),
  };
}

/** `datacontenttype`, of which structured mode keeps its own and binary mode has the Content-Type header. */
export function readMediaType(attributes: Attributes): MediaType | undefined {
  const declared = optional(attributes, 'datacontenttype');
  if (declared === undefined) return undefined;
  const mediaType = parseMediaType(declared);
  if (!mediaType) throw malformed('CLOUDEVENT_ATTRIBUTE', 'datacontenttype is not a media type');
  return mediaType;
}

/**
 * CloudEvents tells events apart by `source` and `id` together. A URI reference holds no space, so the first space
 * divides the two and different pairs never give the same text.
 */
export function toChangeEvent(name: SourceId, envelope: Envelope, data: JsonValue): ChangeEvent {
  const { id, source, type, subject, time } = envelope;
  return {
    id: `${source} ${id}`,
    type,
    source: name,
    origin: source,
    ...(subject === undefined ? {} : { subject }),
    ...(time === undefined ? {} : { time }),
    data,
  };
}

function required(attributes: Attributes, name: string): string {
  const value = optional(attributes, name);
  if (value === undefined) throw malformed('CLOUDEVENT_ATTRIBUTE', `${name} is missing`);
  return value;
}

function optional(attributes: Attributes, name: string): string | undefined {
  const value = attributes.get(name);
  if (value === undefined || value === null) return undefined;
  const problem = problemOf(value);
  if (problem) throw malformed('CLOUDEVENT_ATTRIBUTE', `${name} ${problem}`);
  return value as string;
}

function problemOf(value: JsonValue): string | null {
  if (typeof value !== 'string') return 'is not a string';
  if (value === '') return 'is empty';
  if (value.length > ATTRIBUTE_CHARS_MAX) return `is longer than ${ATTRIBUTE_CHARS_MAX} characters`;
  return FORBIDDEN.test(value) ? 'holds control characters or noncharacters' : null;
}

/** Extensions are checked, so that a misspelt attribute (`Subject`, `event_id`) is not skipped silently, and not kept. */
function checkExtension(name: string, value: JsonValue): void {
  if (!/^[a-z0-9]+$/.test(name) || name === 'data') {
    const shown = JSON.stringify(name.slice(0, 60));
    throw malformed('CLOUDEVENT_ATTRIBUTE', `${shown} cannot be an attribute: names have a to z and 0 to 9 only`);
  }
  const isScalar = value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isInteger(value);
  if (!isScalar) throw malformed('CLOUDEVENT_ATTRIBUTE', `${name.slice(0, 60)} is not a string, boolean or integer`);
}
