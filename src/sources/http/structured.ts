import type { ChangeEvent } from '../../model/event.ts';
import type { JsonObject, JsonValue } from '../../model/json.ts';
import type { SourceId } from '../../model/position.ts';
import { parseStrictJson } from '../../runtime/strict-json.ts';
import { jsonOf, malformed, Refusal } from '../refusal.ts';
import { dataOfBase64, dataOfMember } from './data.ts';
import { readEnvelope, readMediaType, toChangeEvent } from './envelope.ts';

/** One event in the JSON format. */
export function readStructured(name: SourceId, body: Uint8Array): readonly ChangeEvent[] {
  return [eventOf(name, jsonOf(parseStrictJson(body), 'the body'))];
}

/** A JSON array of events, possibly none. One wrong element refuses all, so that a sender never has to guess. */
export function readBatch(name: SourceId, body: Uint8Array, eventsMax: number): readonly ChangeEvent[] {
  const value = jsonOf(parseStrictJson(body), 'the body');
  if (!Array.isArray(value)) throw malformed('CLOUDEVENT_BATCH', 'a batch is a JSON array of events');
  const elements = value as readonly JsonValue[];
  if (elements.length > eventsMax) {
    const message = `a batch of ${elements.length} events: at most ${eventsMax} are accepted at once`;
    throw new Refusal(message, { status: 413, code: 'CLOUDEVENT_BATCH' });
  }
  return elements.map((element, index) => {
    try {
      return eventOf(name, element);
    } catch (error) {
      throw error instanceof Refusal ? new Refusal(`events[${index}]: ${error.message}`, error.parts) : error;
    }
  });
}

function eventOf(name: SourceId, value: JsonValue): ChangeEvent {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed('CLOUDEVENT_DATA', 'an event is a JSON object');
  }
  const { data, data_base64: base64 = null, ...rest } = value as JsonObject;
  if (data !== undefined && base64 !== null) {
    throw malformed('CLOUDEVENT_DATA', 'data and data_base64 exclude each other');
  }
  const attributes = new Map(Object.entries(rest));
  const mediaType = readMediaType(attributes);
  const envelope = readEnvelope(attributes, mediaType);
  const content =
    base64 === null
      ? dataOfMember(data ?? null, data === undefined ? undefined : mediaType)
      : dataOfBase64(base64, mediaType);
  return toChangeEvent(name, envelope, content);
}
