import type { JsonValue } from '../../model/json.ts';
import { parseStrictJson } from '../../runtime/strict-json.ts';
import { isJson, isText, isUtf8, type MediaType } from '../media-type.ts';
import { jsonOf, malformed } from '../refusal.ts';

/**
 * Event data out of bytes, by its media type: JSON is read, text becomes a string, anything else becomes
 * `{ base64: "..." }`, which templates cannot mistake for fields. No bytes are no data: `null`.
 */
export function dataOfBytes(bytes: Uint8Array, mediaType: MediaType | undefined): JsonValue {
  if (bytes.byteLength === 0) return null;
  if (mediaType && (isJson(mediaType) || isText(mediaType))) {
    if (!isUtf8(mediaType)) throw malformed('CLOUDEVENT_DATA', 'data is declared in an encoding other than UTF-8');
    return isJson(mediaType) ? jsonOf(parseStrictJson(bytes), 'data') : textOf(bytes);
  }
  return { base64: Buffer.from(bytes).toString('base64') };
}

/** The `data` member of the JSON format. Without a declared type it is JSON; of another type it must be text. */
export function dataOfMember(value: JsonValue, mediaType: MediaType | undefined): JsonValue {
  if (mediaType && !isJson(mediaType) && typeof value !== 'string') {
    throw malformed('CLOUDEVENT_DATA', `data is not a string, but datacontenttype is ${mediaType.essence}`);
  }
  return value;
}

/** The `data_base64` member: bytes that are then read by their declared type. */
export function dataOfBase64(value: JsonValue, mediaType: MediaType | undefined): JsonValue {
  if (typeof value !== 'string' || !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value)) {
    throw malformed('CLOUDEVENT_DATA', 'data_base64 is not base64 with padding');
  }
  return dataOfBytes(Buffer.from(value, 'base64'), mediaType);
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw malformed('CLOUDEVENT_DATA', 'data is not UTF-8');
  }
}
