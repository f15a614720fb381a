import { malformed } from '../refusal.ts';
import { requireHeader } from './headers.ts';
import type { Scheme } from './scheme.ts';
import { isHmacOf } from './signature.ts';

/** GitHub, and what copies it (Gitea, Forgejo): the body alone is signed, neither its time nor what it is about. */
export const github: Scheme = {
  problemOfSecret: () => null,

  present({ headers, body }) {
    const signature = headers['x-hub-signature-256'];
    if (!signature) return 'SIGNATURE_MISSING';
    // SHA-1 (`x-hub-signature`) is sent beside it and not read.
    return /^sha256=[0-9a-f]{64}$/.test(signature)
      ? { content: [body], signatures: [signature.slice('sha256='.length)] }
      : 'SIGNATURE_MALFORMED';
  },

  matches: (secret, signed) => isHmacOf(secret, signed, 'hex'),

  describe({ headers }, { action }) {
    const event = requireHeader(headers, 'x-github-event');
    const id = requireHeader(headers, 'x-github-delivery');
    if (!/^[a-z0-9_]+$/.test(event))
      throw malformed('HEADER_MALFORMED', 'the header x-github-event is not the name of an event');
    return { id, unsigned: [event], type: typeof action === 'string' && action !== '' ? `${event}.${action}` : event };
  },
};
