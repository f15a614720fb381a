import type { Received } from '../source.ts';

export interface HandshakeOptions {
  /** Senders that may deliver, by the name they give themselves; `*` is any. */
  readonly allowedOrigins: readonly string[];
  /** Requests a minute that senders are asked to stay below; absent: no limit. */
  readonly ratePerMinute?: number;
}

type Headers = Readonly<Record<string, string | undefined>>;

/** The whole answer to OPTIONS: `Received` has no other place for an answer without events. */
export type Handshake = Extract<Received, { ok: false }>;

/**
 * Answers the abuse-protection handshake of CloudEvents' web hooks (section 4). Consent is in the `WebHook-Allowed-`
 * headers, not in the status. A callback URL is never called: consent is given here or not at all, and a request must
 * not be able to make us call an address.
 */
export function answerHandshake(headers: Headers, options: HandshakeOptions): Handshake {
  const allow = { allow: 'POST, OPTIONS' };
  const origin = headers['webhook-request-origin'];
  if (origin === undefined) {
    return { ok: false, status: 204, code: 'HANDSHAKE', message: 'no origin asked for permission', headers: allow };
  }
  if (!isAllowedOrigin(origin, options)) {
    const message = 'this origin may not send events here';
    return { ok: false, status: 403, code: 'ORIGIN_REFUSED', message, headers: allow };
  }
  const granted = {
    ...allow,
    'webhook-allowed-origin': options.allowedOrigins.includes('*') ? '*' : origin.trim(),
    'webhook-allowed-rate': options.ratePerMinute === undefined ? '*' : String(options.ratePerMinute),
  };
  return { ok: false, status: 204, code: 'HANDSHAKE', message: 'permission granted', headers: granted };
}

/** Names are DNS names, so case does not matter. */
export function isAllowedOrigin(origin: string, { allowedOrigins }: HandshakeOptions): boolean {
  const name = origin.trim().toLowerCase();
  return allowedOrigins.some((allowed) => allowed === '*' || (name !== '' && allowed.toLowerCase() === name));
}
