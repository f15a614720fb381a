import { escape } from 'node:querystring';
import { checkId, requireHeader } from './headers.ts';
import { malformed } from '../refusal.ts';
import type { JsonObject, JsonValue } from '../../model/json.ts';
import type { Scheme } from './scheme.ts';
import { isHmacOf } from './signature.ts';
import { parseTimestamp } from './timestamp.ts';

const TIMESTAMP = 'x-contentful-timestamp';
const SIGNED_HEADERS = 'x-contentful-signed-headers';

/** The vendor signs fewer than ten; each one named costs a look-up. */
const SIGNED_HEADERS_MAX = 50;

/** Contentful: method, path, the headers that it names, and the body. */
export const contentful: Scheme = {
  toleranceMs: 30_000,

  problemOfSecret: (secret) => (secret.length === 64 ? null : 'a Contentful signing secret has 64 characters'),

  present({ method, path, headers, body }, settings) {
    const signature = headers['x-contentful-signature'];
    if (!signature) return 'SIGNATURE_MISSING';
    if (!/^[0-9a-f]{64}$/.test(signature)) return 'SIGNATURE_MALFORMED';
    const signedAt = parseTimestamp(headers[TIMESTAMP], 1);
    if (typeof signedAt === 'string') return signedAt;
    const canonical = canonicalHeaders(headers);
    if (canonical === null) return 'HEADERS_MALFORMED';
    const uri = canonicalUri(settings.path ?? path);
    return { content: [`${method}\n${uri}\n${canonical}\n`, body], signatures: [signature], signedAt };
  },

  matches: (secret, signed) => isHmacOf(secret, signed, 'hex'),

  describe({ headers }, body) {
    const topic = requireHeader(headers, 'x-contentful-topic');
    const key = headers['x-contentful-idempotency-key'];
    const id = key === undefined ? revisionOf(topic, body) : requireHeader(headers, 'x-contentful-idempotency-key');
    return { id, unsigned: [topic], type: topic.replace(/^ContentManagement\./, '') };
  },
};

/**
 * `name:value` of the headers that were signed, by name. The list of them and the time must be among them, or the
 * sender did not vouch for either.
 */
function canonicalHeaders(headers: Readonly<Record<string, string | undefined>>): string | null {
  const names = [...new Set((headers[SIGNED_HEADERS] ?? '').split(',').map((name) => name.trim()))].sort();
  if (names.length > SIGNED_HEADERS_MAX || !names.includes(TIMESTAMP) || !names.includes(SIGNED_HEADERS)) return null;
  const lines: string[] = [];
  for (const name of names) {
    const value = name === SIGNED_HEADERS ? names.join(',') : headers[name];
    if (value === undefined || name !== name.toLowerCase()) return null;
    lines.push(`${name}:${value.trim()}`);
  }
  return lines.join(';');
}

/** As the vendor's library has it, which escapes the query twice and ends it at a second question mark. */
function canonicalUri(path: string): string {
  const [name = '', query = ''] = path.split('?');
  return encodeURI(query === '' ? name : `${name}?${escape(query)}`);
}

/** Where no idempotency key was sent, a revision of an entity has one delivery for each topic. */
function revisionOf(topic: string, { sys }: JsonObject): string {
  const { id, version, revision } = isObject(sys) ? sys : {};
  const mark = [version, revision].find((one) => typeof one === 'number') ?? '';
  if (typeof id === 'string') return checkId(`${topic}/${id}/${mark}`, 'topic and sys.id');
  throw malformed(
    'HEADER_MISSING',
    'neither x-contentful-idempotency-key nor sys.id is there: a repetition cannot be told',
  );
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
