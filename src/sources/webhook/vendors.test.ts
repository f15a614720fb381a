// The vendors' own libraries as oracles, both ways: what they sign, we accept; what is signed our way, they accept; and
// no byte of body, signature or time can change without being noticed by us.
import { signRequest, verifyRequest } from '@contentful/node-apps-toolkit';
import { sign as githubSign, verify as githubVerify } from '@octokit/webhooks-methods';
import { encodeSignatureHeader, isValidSignature } from '@sanity/webhook';
import '@shopify/shopify-api/adapters/web-api';
import { LogSeverity, shopifyApi, ApiVersion } from '@shopify/shopify-api';
import { createSHA256HMAC } from '@shopify/shopify-api/runtime';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { signers, type Headers, type SchemeName } from '../../../test/support/sign-webhooks.ts';
import { virtualRuntime } from '../../runtime/virtual.ts';
import type { RawRequest, Received } from '../source.ts';
import { webhookSource } from './index.ts';

const now = Date.UTC(2026, 5, 1, 12);
const PATH = '/v1/webhooks/x?a=1&b=c%20d';
const BODY = JSON.stringify({ id: 'evt_1', type: 'a.b', _type: 'post', action: 'opened', note: 'héllo 😀 \\"' });

interface Vendor {
  readonly secret: string;
  /** Signs with the vendor's library. */
  sign(body: string): Promise<Headers> | Headers;
  /** Verifies with the vendor's library. */
  verify(body: string, headers: Headers): Promise<boolean> | boolean;
}

const stripe = new Stripe('sk_test_x');
const shopify = shopifyApi({
  apiKey: 'k',
  apiSecretKey: 'shopify-secret',
  hostName: 'x.example',
  apiVersion: ApiVersion.July25,
  isEmbeddedApp: false,
  logger: { level: LogSeverity.Error },
});
const contentfulSecret = 'c'.repeat(64);

const vendors: Record<SchemeName, Vendor> = {
  standard: {
    secret: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
    sign(body) {
      const signature = new Webhook(this.secret).sign('msg_1', new Date(now), body);
      return { 'webhook-id': 'msg_1', 'webhook-timestamp': String(now / 1_000), 'webhook-signature': signature };
    },
    verify(body, headers) {
      new Webhook(this.secret).verify(body, headers);
      return true;
    },
  },
  github: {
    secret: 'github-secret',
    sign: async (body) => ({
      'x-hub-signature-256': await githubSign('github-secret', body),
      'x-github-event': 'issues',
      'x-github-delivery': 'd-1',
    }),
    verify: (body, headers) => githubVerify('github-secret', body, headers['x-hub-signature-256'] ?? ''),
  },
  stripe: {
    secret: 'whsec_stripe',
    sign: (payload) => ({
      'stripe-signature': stripe.webhooks.generateTestHeaderString({
        payload,
        secret: 'whsec_stripe',
        timestamp: now / 1_000,
      }),
    }),
    verify: (body, headers) => {
      stripe.webhooks.constructEvent(body, headers['stripe-signature'] ?? '', 'whsec_stripe');
      return true;
    },
  },
  shopify: {
    secret: 'shopify-secret',
    sign: async (body) => ({
      'x-shopify-hmac-sha256': await createSHA256HMAC('shopify-secret', body),
      'x-shopify-topic': 'products/update',
      'x-shopify-webhook-id': 'w-1',
    }),
    verify: async (rawBody, headers) => {
      const rawRequest = new Request('https://x.example/', { method: 'POST', body: rawBody, headers });
      return (await shopify.webhooks.validate({ rawBody, rawRequest })).valid;
    },
  },
  contentful: {
    secret: contentfulSecret,
    sign: (body) => {
      const headers = { 'x-contentful-topic': 'ContentManagement.Entry.publish', 'content-type': 'application/json' };
      const canonical = { method: 'POST', path: PATH, headers, body } as const;
      return { ...headers, ...signRequest(contentfulSecret, canonical, now), 'x-contentful-idempotency-key': 'k-1' };
    },
    verify: (body, headers) => verifyRequest(contentfulSecret, { method: 'POST', path: PATH, headers, body }),
  },
  sanity: {
    secret: 'sanity-secret',
    sign: async (body) => ({
      'sanity-webhook-signature': await encodeSignatureHeader(body, now, 'sanity-secret'),
      'idempotency-key': 'i-1',
    }),
    verify: (body, headers) => isValidSignature(body, headers['sanity-webhook-signature'] ?? '', 'sanity-secret'),
  },
};

const SIGNATURE: Record<SchemeName, string> = {
  standard: 'webhook-signature',
  github: 'x-hub-signature-256',
  stripe: 'stripe-signature',
  shopify: 'x-shopify-hmac-sha256',
  contentful: 'x-contentful-signature',
  sanity: 'sanity-webhook-signature',
};

/** Everything else that the signature covers. */
const COVERED: Partial<Record<SchemeName, readonly string[]>> = {
  standard: ['webhook-id', 'webhook-timestamp'],
  contentful: ['x-contentful-timestamp', 'x-contentful-signed-headers', 'x-contentful-topic'],
};

const runtime = virtualRuntime();

function receive(
  scheme: SchemeName,
  body: string | Uint8Array,
  headers: Headers,
  more: Partial<RawRequest> = {},
): Received {
  const options = webhookSource.options.parse({ scheme, secret: vendors[scheme].secret });
  const receiver = webhookSource.receiver!({ name: 'x', runtime, columns: new Map(), baseDir: '.' }, options);
  return receiver.receive({ method: 'POST', path: PATH, headers, body: Buffer.from(body), now, ...more });
}

const reasonOf = (result: Received): string => (result.ok ? 'accepted' : (result.reason ?? result.code));

// The libraries read the wall clock.
beforeAll(() => {
  vi.useFakeTimers({ now, toFake: ['Date'] });
});
afterAll(() => {
  vi.useRealTimers();
});

describe.each(Object.keys(vendors) as SchemeName[])('%s', (scheme) => {
  const vendor = vendors[scheme];
  const ours = (body: string, secret = vendor.secret): Headers =>
    signers[scheme]({ body, secret, at: now, path: canonicalPath });
  // Contentful escapes the query twice: once as a value, once as a part of the URI.
  const canonicalPath = '/v1/webhooks/x?a%253D1%2526b%253Dc%252520d';

  test('what the vendor signs is accepted, whatever the body', async () => {
    const bodies = fc.jsonValue().map((value) => JSON.stringify({ id: 'evt_1', type: 'a', _type: 'p', value }));
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        fc.pre(!/\\u0000|__proto__/.test(body));
        expect(reasonOf(receive(scheme, body, await vendor.sign(body)))).toBe('accepted');
      }),
      { numRuns: 50 },
    );
  });

  test('what is signed our way is accepted by the vendor', async () => {
    expect(await vendor.verify(BODY, ours(BODY))).toBe(true);
    expect(reasonOf(receive(scheme, BODY, ours(BODY)))).toBe('accepted');
  });

  test('any changed byte of the body is refused', async () => {
    const headers = await vendor.sign(BODY);
    const bytes = Buffer.from(BODY);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ flip;
        expect(reasonOf(receive(scheme, changed, headers))).toBe('SIGNATURE_MISMATCH');
      }),
      { numRuns: 300 },
    );
  });

  test('a body cut short, made longer or re-serialised is refused', async () => {
    const headers = await vendor.sign(BODY);
    for (let length = 0; length < BODY.length; length += 7) {
      expect(reasonOf(receive(scheme, BODY.slice(0, length), headers))).toBe('SIGNATURE_MISMATCH');
    }
    expect(reasonOf(receive(scheme, `${BODY} `, headers))).toBe('SIGNATURE_MISMATCH');
    expect(reasonOf(receive(scheme, JSON.stringify(JSON.parse(BODY), null, 1), headers))).toBe('SIGNATURE_MISMATCH');
  });

  test('any changed character of a signed header is refused', async () => {
    const headers = await vendor.sign(BODY);
    for (const name of [SIGNATURE[scheme], ...(COVERED[scheme] ?? [])]) {
      const value = headers[name]!;
      fc.assert(
        fc.property(fc.nat(value.length - 1), fc.integer({ min: 0x20, max: 0x7e }), (at, code) => {
          const changed = value.slice(0, at) + String.fromCharCode(code) + value.slice(at + 1);
          // Headers are trimmed in transport, and a list of names has no order.
          fc.pre(changed.trim() !== value);
          // Sanity's header is divided by commas, spaces or both.
          fc.pre(scheme !== 'sanity' || changed.replaceAll(' ', ',') !== value);
          expect(reasonOf(receive(scheme, BODY, { ...headers, [name]: changed }))).toMatch(
            /^(SIGNATURE|TIMESTAMP|ID|HEADERS)_/,
          );
        }),
        { numRuns: 300 },
      );
    }
  });

  test('no header that is needed can be left out', async () => {
    const headers = await vendor.sign(BODY);
    for (const missing of [SIGNATURE[scheme], ...(COVERED[scheme] ?? [])]) {
      const { [missing]: _left, ...rest } = headers;
      expect(receive(scheme, BODY, rest)).toMatchObject({ ok: false, status: 401 });
      expect(receive(scheme, BODY, { ...rest, [missing]: '' })).toMatchObject({ ok: false, status: 401 });
    }
  });

  test('the secret of another endpoint is refused', () => {
    const other = scheme === 'standard' ? `whsec_${Buffer.alloc(32, 8).toString('base64')}` : 'd'.repeat(64);
    expect(reasonOf(receive(scheme, BODY, ours(BODY, other)))).toBe('SIGNATURE_MISMATCH');
  });

  test('upper-case, padded and decorated signatures are refused', async () => {
    const headers = await vendor.sign(BODY);
    const name = SIGNATURE[scheme];
    const value = headers[name]!;
    for (const changed of [value.toUpperCase(), `${value}=`, `${value}00`, value.slice(0, -1), `"${value}"`]) {
      expect(receive(scheme, BODY, { ...headers, [name]: changed })).toMatchObject({ ok: false, status: 401 });
    }
  });
});

test('Contentful signs the path: the same delivery on another path is refused', async () => {
  const headers = await vendors.contentful.sign(BODY);
  expect(reasonOf(receive('contentful', BODY, headers))).toBe('accepted');
  expect(reasonOf(receive('contentful', BODY, headers, { path: '/v1/webhooks/y' }))).toBe('SIGNATURE_MISMATCH');
});

test('Contentful: the path that the vendor was given counts where a proxy changed it', async () => {
  const options = webhookSource.options.parse({ scheme: 'contentful', secret: contentfulSecret, path: PATH });
  const receiver = webhookSource.receiver!({ name: 'x', runtime, columns: new Map(), baseDir: '.' }, options);
  const headers = await vendors.contentful.sign(BODY);
  const request = { method: 'POST', path: '/inner', headers, body: Buffer.from(BODY), now };
  expect(receiver.receive(request).ok).toBe(true);
});

test('Contentful: a header that is not in the list is not vouched for, and adding it to the list is noticed', async () => {
  const headers = await vendors.contentful.sign(BODY);
  const names = `${headers['x-contentful-signed-headers']!},x-extra`;
  const forged = { ...headers, 'x-extra': '1', 'x-contentful-signed-headers': names };
  expect(reasonOf(receive('contentful', BODY, forged))).toBe('SIGNATURE_MISMATCH');
  const listed = headers['x-contentful-signed-headers']!;
  const extra = Array.from({ length: 60 }, (_, i): [string, string] => [`x-${i}`, '1']);
  const many = [listed, ...extra.map(([name]) => name)].join();
  const all = { ...headers, ...Object.fromEntries(extra), 'x-contentful-signed-headers': many };
  expect(reasonOf(receive('contentful', BODY, all))).toBe('HEADERS_MALFORMED');
});

test('Contentful: a list that leaves out the time or itself is refused although it is signed', () => {
  const at = now;
  for (const names of ['x-contentful-signed-headers', 'x-contentful-timestamp']) {
    const value = names === 'x-contentful-timestamp' ? String(at) : names;
    const canonical = `POST\n/hook\n${names}:${value}\n${BODY}`;
    const signature = signers.github({ body: canonical, secret: contentfulSecret, at })['x-hub-signature-256']!;
    const headers = {
      'x-contentful-timestamp': String(at),
      'x-contentful-signed-headers': names,
      'x-contentful-signature': signature.slice('sha256='.length),
      'x-contentful-topic': 'ContentManagement.Entry.publish',
    };
    expect(reasonOf(receive('contentful', BODY, headers, { path: '/hook' }))).toBe('HEADERS_MALFORMED');
  }
});

describe('where a vendor library is less strict than we are', () => {
  test("stripe's accepts a time in the future; we do not", () => {
    const at = now + 3_600_000;
    const headers = signers.stripe({ body: BODY, secret: 'whsec_stripe', at });
    expect(vendors.stripe.verify(BODY, headers)).toBe(true);
    expect(reasonOf(receive('stripe', BODY, headers))).toBe('TIMESTAMP_FUTURE');
  });

  test("contentful's accepts a time in the future; we do not", () => {
    const at = now + 3_600_000;
    const headers = signers.contentful({
      body: BODY,
      secret: contentfulSecret,
      at,
      path: '/v1/webhooks/x?a%253D1%2526b%253Dc%252520d',
    });
    expect(vendors.contentful.verify(BODY, headers)).toBe(true);
    expect(reasonOf(receive('contentful', BODY, headers))).toBe('TIMESTAMP_FUTURE');
  });

  test("sanity's accepts any age; we do not", async () => {
    const headers = signers.sanity({ body: BODY, secret: 'sanity-secret', at: now - 86_400_000 });
    expect(await vendors.sanity.verify(BODY, headers)).toBe(true);
    expect(reasonOf(receive('sanity', BODY, headers))).toBe('TIMESTAMP_OLD');
  });

  test('standardwebhooks accepts an id with a dot, which lets the border of the body move; we do not', () => {
    const { secret } = vendors.standard;
    const at = now;
    const honest = signers.standard({ body: BODY, secret, at, id: `a.${at / 1_000}` });
    const moved = { ...honest, 'webhook-id': 'a' };
    // It would throw if the signature did not hold for the moved border.
    new Webhook(secret).verify(`${at / 1_000}.${BODY}`, moved, { jsonParse: false });
    expect(reasonOf(receive('standard', BODY, honest))).toBe('ID_MALFORMED');
  });
});
