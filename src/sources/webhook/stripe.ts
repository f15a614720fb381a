import { malformed } from '../refusal.ts';
import { checkId } from './headers.ts';
import { pairsOf } from './pairs.ts';
import type { Scheme } from './scheme.ts';
import { isHmacOf } from './signature.ts';
import { parseTimestamp } from './timestamp.ts';

/** Stripe: `t=seconds,v1=hex[,v1=hex]` over `{t}.{body}`. Id and type are in the body, so everything is signed. */
export const stripe: Scheme = {
  toleranceMs: 5 * 60_000,

  problemOfSecret: () => null,

  present({ headers, body }) {
    const header = headers['stripe-signature'];
    if (!header) return 'SIGNATURE_MISSING';
    const pairs = pairsOf(header, ',');
    const times = pairs?.filter(([name]) => name === 't') ?? [];
    if (!pairs || times.length > 1) return 'SIGNATURE_MALFORMED';
    const timestamp = times[0]?.[1];
    const signedAt = parseTimestamp(timestamp, 1_000);
    if (typeof signedAt === 'string') return signedAt;
    // `v0` is for test deliveries of a past version and not read.
    const signatures = pairs.filter(([name]) => name === 'v1').map(([, value]) => value);
    return { content: [`${timestamp ?? ''}.`, body], signatures, signedAt };
  },

  matches: (secret, signed) => isHmacOf(secret, signed, 'hex'),

  describe(_request, { id, type, created }) {
    if (typeof id !== 'string' || typeof type !== 'string' || type === '') {
      throw malformed('EVENT_TYPE', 'the payload is not a Stripe event: it has no id or no type');
    }
    // Whole seconds in events of version 1, RFC 3339 in those of version 2.
    const time = typeof created === 'number' && Number.isSafeInteger(created) ? isoOf(created * 1_000) : null;
    return { id: checkId(id, 'the id of the event'), type, ...(time === null ? {} : { time }) };
  },
};

function isoOf(ms: number): string | null {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
