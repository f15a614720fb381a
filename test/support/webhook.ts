import type { ChangeEvent } from '../../src/model/event.ts';
import type { Log } from '../../src/runtime/log.ts';
import { virtualRuntime } from '../../src/runtime/virtual.ts';
import type { RawRequest, Received, Receiver } from '../../src/sources/source.ts';
import { webhookSource } from '../../src/sources/webhook/index.ts';
import { signers, type Delivery, type Headers, type SchemeName } from './sign-webhooks.ts';

export const now = Date.UTC(2026, 5, 1, 12);
export const names = Object.keys(signers) as SchemeName[];

export const SECRETS: Record<SchemeName, readonly [string, string]> = {
  standard: [`whsec_${Buffer.alloc(24, 1).toString('base64')}`, `whsec_${Buffer.alloc(24, 2).toString('base64')}`],
  github: ['canary-one', 'canary-two'],
  stripe: ['whsec_one', 'whsec_two'],
  shopify: ['canary-one', 'canary-two'],
  contentful: ['1'.repeat(64), '2'.repeat(64)],
  sanity: ['canary-one', 'canary-two'],
};

export const PAYLOAD = { id: 'evt_1', type: 'a.b', _type: 'post', action: 'opened', n: 1 };
export const BODY = JSON.stringify(PAYLOAD);

export const logged: Record<string, unknown>[] = [];
export const log = { warn: (fields: object) => logged.push(fields as Record<string, unknown>) } as unknown as Log;
const runtime = { ...virtualRuntime(), log };

export const receiver = (options: object): Receiver =>
  webhookSource.receiver!(
    { name: 'hook', runtime, columns: new Map(), baseDir: '.' },
    webhookSource.options.parse(options),
  );

export const of = (scheme: SchemeName, more: object = {}): Receiver =>
  receiver({ scheme, secret: SECRETS[scheme][0], ...more });

export function request(
  headers: Headers,
  body: string | Uint8Array = BODY,
  more: Partial<RawRequest> = {},
): RawRequest {
  return { method: 'POST', path: '/hook', headers, body: Buffer.from(body), now, ...more };
}

export function signed(scheme: SchemeName, more: Partial<Delivery> = {}): Headers {
  return signers[scheme]({ body: BODY, secret: SECRETS[scheme][0], at: now, ...more });
}

export const event = (result: Received): ChangeEvent => {
  if (!result.ok) throw new Error(`${result.code} ${result.reason ?? ''}: ${result.message}`);
  return result.events[0]!;
};
export const reasonOf = (result: Received): string => (result.ok ? 'accepted' : (result.reason ?? result.code));

/** Signs Contentful's headers anew with the topic left out of the list. */
export function resign(headers: Headers): Headers {
  const listed = 'x-contentful-signed-headers,x-contentful-timestamp';
  const base = signers.github({
    body: `POST\n/hook\nx-contentful-signed-headers:${listed};x-contentful-timestamp:${now}\n${BODY}`,
    secret: SECRETS.contentful[0],
    at: now,
  });
  const signature = base['x-hub-signature-256']!.slice('sha256='.length);
  return { ...headers, 'x-contentful-signed-headers': listed, 'x-contentful-signature': signature };
}
