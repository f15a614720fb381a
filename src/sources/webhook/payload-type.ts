import type { JsonObject, JsonValue } from '../../model/json.ts';
import { malformed } from '../refusal.ts';
import type { SchemeSettings } from './scheme.ts';

/** The type that a payload of free form gives itself, at a dotted path; else the configured one. */
export function payloadType(body: JsonObject, { typeField, defaultType }: SchemeSettings): string {
  let found: JsonValue | undefined = body;
  for (const name of typeField.split('.')) {
    const isObject: boolean = typeof found === 'object' && found !== null && !Array.isArray(found);
    found = isObject && Object.hasOwn(found as JsonObject, name) ? (found as JsonObject)[name] : undefined;
  }
  if (typeof found === 'string' && found !== '') return found;
  if (defaultType !== undefined) return defaultType;
  const message = `the payload has no "${typeField}" that says what happened: add it, or give the source a \`default_type\``;
  throw malformed('EVENT_TYPE', message);
}
