// Signing as the vendors do, written down a second time and apart from the code that verifies. The vendors' own
// libraries accept what comes out of here, which a test shows.
import { createHmac, sign, type BinaryToTextEncoding, type KeyObject } from 'node:crypto';

export type Headers = Record<string, string>;

export interface Delivery {
  readonly body: string | Uint8Array;
  readonly secret: string;
  /** When it is signed, in milliseconds since 1970. */
  readonly at: number;
  readonly id?: string;
  readonly path?: string;
  /** Sent and signed as the time, instead of `at`. */
  readonly time?: string;
}

const hmac = (
  key: string | Buffer,
  encoding: BinaryToTextEncoding,
  ...parts: readonly (string | Uint8Array)[]
): string => parts.reduce((mac, part) => mac.update(part), createHmac('sha256', key)).digest(encoding);

const seconds = (at: number): string => String(Math.floor(at / 1_000));

export const signers = {
  standard: ({ body, secret, at, id = 'msg_1', time = seconds(at) }: Delivery): Headers => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    return {
      'webhook-id': id,
      'webhook-timestamp': time,
      'webhook-signature': `v1,${hmac(key, 'base64', `${id}.${time}.`, body)}`,
    };
  },
  github: ({ body, secret, id = 'd-1' }: Delivery): Headers => ({
    'x-hub-signature-256': `sha256=${hmac(secret, 'hex', body)}`,
    'x-github-event': 'issues',
    'x-github-delivery': id,
  }),
  stripe: ({ body, secret, at, time = seconds(at) }: Delivery): Headers => ({
    'stripe-signature': `t=${time},v1=${hmac(secret, 'hex', `${time}.`, body)}`,
  }),
  shopify: ({ body, secret, id = 'w-1' }: Delivery): Headers => ({
    'x-shopify-hmac-sha256': hmac(secret, 'base64', body),
    'x-shopify-topic': 'products/update',
    'x-shopify-shop-domain': 'a.myshopify.com',
    'x-shopify-api-version': '2025-07',
    'x-shopify-webhook-id': id,
  }),
  contentful: ({ body, secret, at, id = 'k-1', path = '/hook', time = String(at) }: Delivery): Headers => {
    const names = 'x-contentful-signed-headers,x-contentful-timestamp,x-contentful-topic';
    const signed = {
      'x-contentful-signed-headers': names,
      'x-contentful-timestamp': time,
      'x-contentful-topic': 'ContentManagement.Entry.publish',
    };
    const canonical = Object.entries(signed).map(([name, value]) => `${name}:${value}`);
    return {
      ...signed,
      'x-contentful-signature': hmac(secret, 'hex', `POST\n${path}\n${canonical.join(';')}\n`, body),
      'x-contentful-idempotency-key': id,
    };
  },
  sanity: ({ body, secret, at, id = 'i-1', time = String(at) }: Delivery): Headers => ({
    'sanity-webhook-signature': `t=${time},v1=${hmac(secret, 'base64url', `${time}.`, body)}`,
    'sanity-operation': 'update',
    'idempotency-key': id,
  }),
} as const;

export type SchemeName = keyof typeof signers;

/** Standard Webhooks with a key pair: `v1a`. */
export function signWithEd25519(key: KeyObject, { body, at, id = 'msg_1' }: Omit<Delivery, 'secret'>): Headers {
  const content = Buffer.concat([Buffer.from(`${id}.${seconds(at)}.`), Buffer.from(body as string)]);
  return {
    'webhook-id': id,
    'webhook-timestamp': seconds(at),
    'webhook-signature': `v1a,${sign(null, content, key).toString('base64')}`,
  };
}
