import { isRfc3339 } from '../rfc3339.ts';
import { malformed } from '../refusal.ts';
import { requireHeader } from './headers.ts';
import type { Scheme } from './scheme.ts';
import { isHmacOf } from './signature.ts';

/** The newer "Events" deliveries have the same headers without `x-`, and come first where both are there. */
const PREFIXES = ['shopify-', 'x-shopify-'];

type Headers = Readonly<Record<string, string | undefined>>;

const prefixOf = (headers: Headers): string | undefined => PREFIXES.find((prefix) => headers[`${prefix}hmac-sha256`]);

/** Shopify: the body alone is signed, neither its time nor its topic. */
export const shopify: Scheme = {
  problemOfSecret: () => null,

  present({ headers, body }) {
    const signature = headers[`${prefixOf(headers) ?? ''}hmac-sha256`];
    if (!signature) return 'SIGNATURE_MISSING';
    return /^[A-Za-z0-9+/]{43}=$/.test(signature)
      ? { content: [body], signatures: [signature] }
      : 'SIGNATURE_MALFORMED';
  },

  matches: (secret, signed) => isHmacOf(secret, signed, 'base64'),

  describe({ headers }, body) {
    const prefix = prefixOf(headers) ?? '';
    const id = requireHeader(headers, `${prefix}webhook-id`);
    const topic = requireHeader(headers, `${prefix}topic`);
    const triggeredAt = headers[`${prefix}triggered-at`] ?? '';
    const time = isRfc3339(triggeredAt) ? { time: triggeredAt } : {};
    // `products/update`; in Events the resource (`Product`) and what happened to it are apart, and in the body too.
    if (prefix === 'shopify-') {
      if (typeof body['topic'] !== 'string' || typeof body['action'] !== 'string') {
        throw malformed('EVENT_TYPE', 'the payload is not a Shopify event: it has no topic or no action');
      }
      return { id, unsigned: [], type: `${body['topic']}.${body['action']}`, ...time };
    }
    return { id, unsigned: [topic], type: topic.replaceAll('/', '.'), ...time };
  },
};
