import { requireHeader } from './headers.ts';
import { pairsOf } from './pairs.ts';
import { payloadType } from './payload-type.ts';
import type { Scheme } from './scheme.ts';
import { isHmacOf } from './signature.ts';
import { parseTimestamp } from './timestamp.ts';

/** Sanity: `t=milliseconds,v1=base64url` over `{t}.{body}`. Its own library checks no age; we do. */
export const sanity: Scheme = {
  toleranceMs: 5 * 60_000,

  problemOfSecret: () => null,

  present({ headers, body }) {
    const header = headers['sanity-webhook-signature']?.trim();
    if (!header) return 'SIGNATURE_MISSING';
    const [time, signature, ...rest] = pairsOf(header, /[, ]+/) ?? [];
    if (time?.[0] !== 't' || signature?.[0] !== 'v1' || rest.length > 0) return 'SIGNATURE_MALFORMED';
    const signedAt = parseTimestamp(time[1], 1);
    if (typeof signedAt === 'string') return signedAt;
    return { content: [`${time[1]}.`, body], signatures: [signature[1]], signedAt };
  },

  matches: (secret, signed) => isHmacOf(secret, signed, 'base64url'),

  describe({ headers }, body, settings) {
    const operation = /^[a-z]{1,20}$/.exec(headers['sanity-operation'] ?? '')?.[0] ?? 'changed';
    const type = `${payloadType(body, settings)}.${operation}`;
    return { id: requireHeader(headers, 'idempotency-key'), unsigned: [operation], type };
  },
};
