import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  signers,
  signWithEd25519,
  type Delivery,
  type Headers,
  type SchemeName,
} from '../../../test/support/sign-webhooks.ts';
import type { ChangeEvent } from '../../model/event.ts';
import type { Log } from '../../runtime/log.ts';
import { virtualRuntime } from '../../runtime/virtual.ts';
import type { RawRequest, Received, Receiver } from '../source.ts';
import { webhookSource } from './index.ts';

const now = Date.UTC(2026, 5, 1, 12);
const names = Object.keys(signers) as SchemeName[];

const SECRETS: Record<SchemeName, readonly [string, string]> = {
  standard: [`whsec_${Buffer.alloc(24, 1).toString('base64')}`, `whsec_${Buffer.alloc(24, 2).toString('base64')}`],
  github: ['canary-one', 'canary-two'],
  stripe: ['whsec_one', 'whsec_two'],
  shopify: ['canary-one', 'canary-two'],
  contentful: ['1'.repeat(64), '2'.repeat(64)],
  sanity: ['canary-one', 'canary-two'],
};

const PAYLOAD = { id: 'evt_1', type: 'a.b', _type: 'post', action: 'opened', n: 1 };
const BODY = JSON.stringify(PAYLOAD);

const logged: Record<string, unknown>[] = [];
const log = { warn: (fields: object) => logged.push(fields as Record<string, unknown>) } as unknown as Log;
const runtime = { ...virtualRuntime(), log };

const receiver = (options: object): Receiver =>
  webhookSource.receiver!(
    { name: 'hook', runtime, columns: new Map(), baseDir: '.' },
    webhookSource.options.parse(options),
  );

const of = (scheme: SchemeName, more: object = {}): Receiver =>
  receiver({ scheme, secret: SECRETS[scheme][0], ...more });

function request(headers: Headers, body: string | Uint8Array = BODY, more: Partial<RawRequest> = {}): RawRequest {
  return { method: 'POST', path: '/hook', headers, body: Buffer.from(body), now, ...more };
}

function signed(scheme: SchemeName, more: Partial<Delivery> = {}): Headers {
  return signers[scheme]({ body: BODY, secret: SECRETS[scheme][0], at: now, ...more });
}

const event = (result: Received): ChangeEvent => {
  if (!result.ok) throw new Error(`${result.code} ${result.reason ?? ''}: ${result.message}`);
  return result.events[0]!;
};
const reasonOf = (result: Received): string => (result.ok ? 'accepted' : (result.reason ?? result.code));

describe('what a delivery becomes', () => {
  const cases: readonly [SchemeName, ChangeEvent][] = [
    ['standard', { id: 'msg_1', type: 'a.b', source: 'hook', data: PAYLOAD }],
    [
      'github',
      {
        id: expect.stringMatching(/^d-1 [0-9a-f]{32}$/) as string,
        type: 'issues.opened',
        source: 'hook',
        data: PAYLOAD,
      },
    ],
    ['stripe', { id: 'evt_1', type: 'a.b', source: 'hook', data: PAYLOAD }],
    [
      'shopify',
      {
        id: expect.stringMatching(/^w-1 [0-9a-f]{32}$/) as string,
        type: 'products.update',
        source: 'hook',
        data: PAYLOAD,
      },
    ],
    [
      'contentful',
      {
        id: expect.stringMatching(/^k-1 [0-9a-f]{32}$/) as string,
        type: 'Entry.publish',
        source: 'hook',
        data: PAYLOAD,
      },
    ],
    [
      'sanity',
      { id: expect.stringMatching(/^i-1 [0-9a-f]{32}$/) as string, type: 'post.update', source: 'hook', data: PAYLOAD },
    ],
  ];

  test.each(cases)('%s', (scheme, expected) => {
    expect(event(of(scheme).receive(request(signed(scheme))))).toEqual(expected);
  });

  test('github: an event without action has the name of the event', () => {
    const body = '{"ref":"refs/heads/main"}';
    const headers = { ...signed('github', { body }), 'x-github-event': 'push' };
    expect(event(of('github').receive(request(headers, body))).type).toBe('push');
  });

  test('stripe: the time of creation is kept', () => {
    const body = '{"id":"evt_2","type":"product.updated","created":1780000000,"data":{"object":{"id":"prod_1"}}}';
    const made = event(of('stripe').receive(request(signed('stripe', { body }), body)));
    expect(made).toMatchObject({ time: '2026-05-28T20:26:40.000Z', data: { data: { object: { id: 'prod_1' } } } });
  });

  test('stripe: a time of creation that no calendar has is left out', () => {
    const body = '{"id":"evt_2","type":"t","created":900000000000000}';
    expect(event(of('stripe').receive(request(signed('stripe', { body }), body)))).not.toHaveProperty('time');
  });

  test('shopify: the newer Events deliveries, whose topic and action are in the signed body', () => {
    const body = '{"topic":"Product","action":"update","handle":"h"}';
    const headers = Object.fromEntries(
      Object.entries(signed('shopify', { body })).map(([name, value]) => [name.replace(/^x-/, ''), value]),
    );
    const made = event(
      of('shopify').receive(request({ ...headers, 'shopify-triggered-at': '2026-01-01T00:00:00Z' }, body)),
    );
    expect(made).toMatchObject({ type: 'Product.update', time: '2026-01-01T00:00:00Z' });
  });

  test('contentful: a topic of another part of Contentful keeps its whole name', () => {
    const { 'x-contentful-topic': _topic, ...rest } = signed('contentful');
    // Not among the signed headers here, as the vendor leaves it to the webhook's settings.
    const headers = resign({ ...rest, 'x-contentful-topic': 'AppManagement.AppInstallation.create' });
    expect(event(of('contentful').receive(request(headers))).type).toBe('AppManagement.AppInstallation.create');
  });

  test('contentful: without an idempotency key, a revision of an entity is one delivery', () => {
    const at = (version: number): string => {
      const body = JSON.stringify({ sys: { id: 'e1', version } });
      const { 'x-contentful-idempotency-key': _key, ...headers } = signed('contentful', { body });
      return event(of('contentful').receive(request(headers, body))).id;
    };
    expect(at(1)).toMatch(/^ContentManagement\.Entry\.publish\/e1\/1 /);
    expect(at(1)).toBe(at(1));
    expect(at(1)).not.toBe(at(2));
  });

  test('sanity: without an operation header the document has changed', () => {
    const { 'sanity-operation': _operation, ...headers } = signed('sanity');
    expect(event(of('sanity').receive(request(headers))).type).toBe('post.changed');
  });

  test('a type can be renamed, and read from elsewhere in the payload', () => {
    const types = { 'products.update': 'product.updated' };
    expect(event(of('shopify', { types }).receive(request(signed('shopify')))).type).toBe('product.updated');
    const body = '{"event":{"name":"x.y"}}';
    const headers = signed('standard', { body });
    expect(event(of('standard', { type_field: 'event.name' }).receive(request(headers, body))).type).toBe('x.y');
    expect(event(of('standard', { default_type: 'ping' }).receive(request(headers, body))).type).toBe('ping');
    expect(of('standard').receive(request(headers, body))).toMatchObject({ status: 400, code: 'EVENT_TYPE' });
    const inherited = of('standard', { type_field: 'constructor.name' }).receive(request(headers, body));
    expect(inherited).toMatchObject({ status: 400, code: 'EVENT_TYPE' });
  });

  test('a wide identifier keeps its digits', () => {
    const body = '{"id":12345678901234567890}';
    expect(event(of('shopify').receive(request(signed('shopify', { body }), body))).data).toEqual({
      id: '12345678901234567890',
    });
  });
});

/** Signs Contentful's headers anew with the topic left out of the list. */
function resign(headers: Headers): Headers {
  const listed = 'x-contentful-signed-headers,x-contentful-timestamp';
  const base = signers.github({
    body: `POST\n/hook\nx-contentful-signed-headers:${listed};x-contentful-timestamp:${now}\n${BODY}`,
    secret: SECRETS.contentful[0],
    at: now,
  });
  const signature = base['x-hub-signature-256']!.slice('sha256='.length);
  return { ...headers, 'x-contentful-signed-headers': listed, 'x-contentful-signature': signature };
}

describe('the answer to a signature that does not hold', () => {
  test.each(names)('%s: is the same for every cause, and the cause is in the log', (scheme) => {
    const name = Object.keys(signed(scheme)).find(
      (header) => /signature|hmac/.test(header) && !header.includes('signed'),
    )!;
    const fine = signed(scheme);
    logged.length = 0;
    const results = [
      of(scheme).receive(request({})),
      of(scheme).receive(request({ ...fine, [name]: 'x' })),
      of(scheme).receive(request(signed(scheme, { secret: SECRETS[scheme][1] }))),
      of(scheme).receive(request(fine, `${BODY} `)),
      of(scheme).receive(request(fine, 'not even JSON')),
    ];
    const told = results.map((result) => JSON.stringify({ ...result, reason: undefined }));
    expect(new Set(told)).toEqual(
      new Set([
        JSON.stringify({
          ok: false,
          message: 'the signature is missing or does not hold',
          status: 401,
          code: 'SIGNATURE_REFUSED',
        }),
      ]),
    );
    expect(logged.map(({ reason }) => reason)).toEqual(results.map(reasonOf));
    expect(new Set(results.map(reasonOf)).size).toBeGreaterThan(1);
    expect(inspect(logged) + told.join()).not.toContain(SECRETS[scheme][0]);
  });
});

describe('time', () => {
  const timed = ['standard', 'stripe', 'contentful', 'sanity'] as const;
  const toleranceOf = { standard: 300_000, stripe: 300_000, contentful: 30_000, sanity: 300_000 };

  test.each(timed)('%s: the window is open as far back as ahead, and no further', (scheme) => {
    const at = (offset: number): string => reasonOf(of(scheme).receive(request(signed(scheme, { at: now + offset }))));
    const tolerance = toleranceOf[scheme];
    expect([at(-tolerance), at(tolerance)]).toEqual(['accepted', 'accepted']);
    expect([at(-tolerance - 1_000), at(tolerance + 1_000)]).toEqual(['TIMESTAMP_OLD', 'TIMESTAMP_FUTURE']);
  });

  test.each(timed)('%s: the tolerance can be changed', (scheme) => {
    const old = request(signed(scheme, { at: now - 3_600_000 }));
    expect(reasonOf(of(scheme, { tolerance: '1h' }).receive(old))).toBe('accepted');
    expect(reasonOf(of(scheme, { tolerance: '59m' }).receive(old))).toBe('TIMESTAMP_OLD');
  });

  test.each(timed)('%s: a time that is not written as a plain number is refused although it is signed', (scheme) => {
    const plain = String(scheme === 'standard' || scheme === 'stripe' ? now / 1_000 : now);
    const at = (time: string): string => reasonOf(of(scheme).receive(request(signed(scheme, { time }))));
    expect(at(plain)).toBe('accepted');
    for (const time of [
      'NaN',
      'Infinity',
      '1e12',
      '0',
      '00',
      '0x1',
      `-${plain}`,
      `0${plain}`,
      `+${plain}`,
      `${plain}.0`,
      `${plain}e0`,
    ]) {
      expect([time, at(time)]).toEqual([time, 'TIMESTAMP_MALFORMED']);
    }
    expect(at('9'.repeat(15))).toBe('TIMESTAMP_FUTURE');
    expect(at('9'.repeat(16))).toBe('TIMESTAMP_MALFORMED');
    expect(at('1')).toBe('TIMESTAMP_OLD');
    expect(at('')).toMatch(/^TIMESTAMP_MISSING|SIGNATURE_MALFORMED$/);
    expect(at(` ${plain}`)).toMatch(/^TIMESTAMP_MALFORMED|SIGNATURE_MALFORMED$/);
  });

  test.each(timed)('%s: any time but one within the window is refused', (scheme) => {
    fc.assert(
      fc.property(fc.integer({ min: 1_000, max: 4_102_444_800_000 }), (at) => {
        const accepted = of(scheme).receive(request(signed(scheme, { at }))).ok;
        if (accepted) expect(Math.abs(now - at)).toBeLessThan(toleranceOf[scheme] + 1_000);
        else expect(Math.abs(now - at)).toBeGreaterThan(toleranceOf[scheme]);
      }),
    );
  });
});

describe('many signatures', () => {
  test('any one of several may hold, beside versions that are not known', () => {
    const [, good] = signed('standard')['webhook-signature']!.split(',');
    const several = `v9,zzz v1,${Buffer.alloc(32).toString('base64')} v1,${good} v1a,xxx`;
    expect(reasonOf(of('standard').receive(request({ ...signed('standard'), 'webhook-signature': several })))).toBe(
      'accepted',
    );
    const [time, v1] = signed('stripe')['stripe-signature']!.split(',');
    const stripe = `${time},v0=zzz,v1=${'0'.repeat(64)},${v1}`;
    expect(reasonOf(of('stripe').receive(request({ 'stripe-signature': stripe })))).toBe('accepted');
  });

  test('more than ten are not looked at, also when one of them holds', () => {
    const [version, good] = signed('standard')['webhook-signature']!.split(',');
    const many = Array.from({ length: 10 }, (_, i) => `${version},${i}`)
      .concat(`${version},${good}`)
      .join(' ');
    expect(reasonOf(of('standard').receive(request({ ...signed('standard'), 'webhook-signature': many })))).toBe(
      'SIGNATURES_TOO_MANY',
    );
    const [time, v1] = signed('stripe')['stripe-signature']!.split(',');
    const header = [time, ...Array.from({ length: 10 }, () => 'v1=00'), v1].join();
    expect(reasonOf(of('stripe').receive(request({ 'stripe-signature': header })))).toBe('SIGNATURES_TOO_MANY');
  });

  test('a header sent twice, which arrives joined, is refused', () => {
    const one = signed('stripe')['stripe-signature']!;
    expect(reasonOf(of('stripe').receive(request({ 'stripe-signature': `${one}, ${one}` })))).toMatch(/^SIGNATURE_/);
    const github = signed('github');
    const twice = { ...github, 'x-hub-signature-256': `${github['x-hub-signature-256']!}, sha256=00` };
    expect(reasonOf(of('github').receive(request(twice)))).toBe('SIGNATURE_MALFORMED');
  });

  test('GitHub’s SHA-1 signature alone is not enough', () => {
    expect(reasonOf(of('github').receive(request({ 'x-hub-signature': 'sha1=00', 'x-github-event': 'x' })))).toBe(
      'SIGNATURE_MISSING',
    );
  });
});

describe('Ed25519', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const options = { scheme: 'standard', secret: `whpk_${raw.toString('base64')}` };

  test('a delivery signed with the private key is accepted, a changed or foreign one refused', () => {
    const headers = signWithEd25519(privateKey, { body: BODY, at: now });
    expect(reasonOf(receiver(options).receive(request(headers)))).toBe('accepted');
    expect(reasonOf(receiver(options).receive(request(headers, `${BODY} `)))).toBe('SIGNATURE_MISMATCH');
    const other = signWithEd25519(generateKeyPairSync('ed25519').privateKey, { body: BODY, at: now });
    expect(reasonOf(receiver(options).receive(request(other)))).toBe('SIGNATURE_MISMATCH');
  });

  test('the public key is never taken for a shared secret', () => {
    // Who knows the public key could otherwise sign with it.
    const forged = signers.standard({ body: BODY, secret: raw.toString('base64'), at: now });
    expect(reasonOf(receiver(options).receive(request(forged)))).toBe('SIGNATURE_MISMATCH');
    const renamed = { ...forged, 'webhook-signature': forged['webhook-signature']!.replace('v1,', 'v1a,') };
    expect(reasonOf(receiver(options).receive(request(renamed)))).toBe('SIGNATURE_MISMATCH');
  });
});

describe('rotation', () => {
  test.each(names)('%s: old and new secret are both valid until the old one ends', (scheme) => {
    const [old, fresh] = SECRETS[scheme];
    const until = new Date(now + 1_000).toISOString();
    const both = receiver({ scheme, secrets: [fresh, { secret: old, until }] });
    const with_ = (secret: string, at: number): string =>
      reasonOf(both.receive(request(signed(scheme, { secret, at }), BODY, { now: at })));
    expect([with_(old, now), with_(fresh, now)]).toEqual(['accepted', 'accepted']);
    expect(with_(old, now + 999)).toMatch(/accepted/);
    expect([with_(old, now + 1_000), with_(fresh, now + 1_000)]).toEqual(['SECRET_EXPIRED', 'accepted']);
  });
});

describe('repetition', () => {
  const id = (scheme: SchemeName, headers: Headers, body = BODY, options: object = {}): string =>
    event(of(scheme, options).receive(request(headers, body))).id;

  test.each(names)('%s: the same delivery has the same id, another one another', (scheme) => {
    const other = JSON.stringify({ ...PAYLOAD, id: 'evt_2' });
    expect(id(scheme, signed(scheme))).toBe(id(scheme, signed(scheme)));
    expect(id(scheme, signed(scheme))).not.toBe(id(scheme, signed(scheme, { body: other, id: 'other' }), other));
  });

  test.each(['standard', 'stripe', 'sanity'] as const)(
    '%s: a later attempt, signed anew, has the same id',
    (scheme) => {
      expect(id(scheme, signed(scheme, { at: now - 60_000 }))).toBe(id(scheme, signed(scheme)));
    },
  );

  test.each(['github', 'shopify', 'contentful', 'sanity'] as const)(
    '%s: a captured body under the id of another delivery does not take its place',
    (scheme) => {
      const other = JSON.stringify({ ...PAYLOAD, n: 2 });
      expect(id(scheme, signed(scheme, { id: 'next' }))).not.toBe(
        id(scheme, signed(scheme, { body: other, id: 'next' }), other),
      );
    },
  );

  test('github: a body sent as another event does not take the place of the event', () => {
    expect(id('github', signed('github'))).not.toBe(
      id('github', { ...signed('github'), 'x-github-event': 'pull_request' }),
    );
  });

  test('a captured body under a made-up id is an event of its own, unless the body is what counts', () => {
    const [a, b] = [signed('github', { id: 'a' }), signed('github', { id: 'b' })];
    expect(id('github', a)).not.toBe(id('github', b));
    expect(id('github', a, BODY, { dedupe: 'body' })).toBe(id('github', b, BODY, { dedupe: 'body' }));
  });

  test.each([
    ['github', 'x-github-delivery'],
    ['github', 'x-github-event'],
    ['shopify', 'x-shopify-webhook-id'],
    ['shopify', 'x-shopify-topic'],
    ['sanity', 'idempotency-key'],
  ] as const)('%s: without %s the delivery is refused in words', (scheme, header) => {
    const { [header]: _left, ...headers } = signed(scheme);
    const result = of(scheme).receive(request(headers));
    expect(result).toMatchObject({ ok: false, status: 400, code: 'HEADER_MISSING' });
    expect((result as { message: string }).message).toContain(header);
  });

  test('an id that is not printable or too long is refused', () => {
    for (const bad of ['a b', 'x'.repeat(201), 'é', 'a\tb']) {
      expect(of('github').receive(request(signed('github', { id: bad })))).toMatchObject({ status: 400 });
    }
  });

  test.each(['a.b', '.', 'a b', 'é', 'x'.repeat(201)])('standard: the id %s is refused', (bad) => {
    expect(reasonOf(of('standard').receive(request(signed('standard', { id: bad }))))).toBe('ID_MALFORMED');
  });
});

describe('a signature that holds does not make a body good', () => {
  test.each([
    ['truncated JSON', '{"id":"evt_1","type":', 'JSON_SYNTAX'],
    ['an array', '[1]', 'PAYLOAD_SHAPE'],
    ['a string', '"x"', 'PAYLOAD_SHAPE'],
    ['null', 'null', 'PAYLOAD_SHAPE'],
    ['nothing', '', 'JSON_SYNTAX'],
    ['a member given twice', '{"a":1,"a":2}', 'JSON_KEY'],
    ['__proto__', '{"__proto__":{}}', 'JSON_KEY'],
    ['a depth bomb', '{"a":'.repeat(5_000), 'JSON_DEPTH'],
  ])('%s is refused with 400', (_name, body, code) => {
    for (const scheme of names) {
      const result = of(scheme).receive(request(signed(scheme, { body }), body));
      expect(result).toMatchObject({ ok: false, status: 400, code });
    }
  });

  test('a form instead of JSON is answered 415 with what to do', () => {
    const body = 'payload=%7B%7D';
    const headers = { ...signed('github', { body }), 'content-type': 'application/x-www-form-urlencoded' };
    const result = of('github').receive(request(headers, body));
    expect(result).toMatchObject({ status: 415, code: 'CONTENT_TYPE' });
    expect((result as { message: string }).message).toContain('choose JSON');
  });

  test.each(['application/json', 'application/json; charset=utf-8', 'application/vnd.contentful.management.v1+json'])(
    '%s is JSON',
    (type) => {
      expect(of('github').receive(request({ ...signed('github'), 'content-type': type })).ok).toBe(true);
    },
  );

  test('types of our own, with control characters, or without end are refused', () => {
    for (const type of ['tidemark.gap', 'a\nb', 'x'.repeat(201)]) {
      const body = JSON.stringify({ type });
      expect(of('standard').receive(request(signed('standard', { body }), body))).toMatchObject({
        status: 400,
        code: 'EVENT_TYPE',
      });
    }
  });

  test('any bytes are answered, never thrown on', () => {
    const header = fc.string({ maxLength: 30 });
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.uint8Array({ maxLength: 30 }), header, (scheme, body, text) => {
        const headers = Object.fromEntries(Object.keys(signed(scheme)).map((name) => [name, text]));
        expect(of(scheme).receive(request(headers, body)).ok).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  test('too large a body, a compressed one and another method are refused before anything is computed', () => {
    expect(of('github').receive(request({}, 'x'.repeat(1_048_577)))).toMatchObject({ status: 413 });
    expect(of('github').receive(request({ 'content-encoding': 'gzip' }))).toMatchObject({ status: 415 });
    expect(of('github').receive(request({}, '', { method: 'OPTIONS' }))).toMatchObject({
      status: 405,
      headers: { allow: 'POST' },
    });
  });
});

describe('options', () => {
  test.each([
    [{ scheme: 'gitlab', secret: 'x' }, /scheme/],
    [{ scheme: 'github' }, /give one of `secret` and `secrets`/],
    [{ scheme: 'github', secret: 'a', secrets: ['b'] }, /give one of `secret` and `secrets`/],
    [{ scheme: 'github', secret: '' }, /secret/],
    [{ scheme: 'github', secret: 'abc\n' }, /begins or ends with white space/],
    [{ scheme: 'github', secrets: ['a', ' b'] }, /white space/],
    [{ scheme: 'github', secret: 'a', tolerance: '5m' }, /`tolerance` has no meaning for github, which signs no time/],
    [{ scheme: 'shopify', secret: 'a', tolerance: '5m' }, /signs no time/],
    [{ scheme: 'stripe', secret: 'a', tolerance: 0 }, /refuses every delivery/],
    [{ scheme: 'stripe', secret: 'a', path: '/x' }, /does not sign the path/],
    [{ scheme: 'stripe', secret: 'a', type_field: 'x' }, /says elsewhere/],
    [{ scheme: 'standard', secret: 'not base64!' }, /24 to 64 bytes in base64/],
    [{ scheme: 'standard', secret: 'whsec_c2hvcnQ=' }, /24 to 64 bytes/],
    [{ scheme: 'standard', secret: 'whpk_c2hvcnQ=' }, /32 bytes/],
    [{ scheme: 'contentful', secret: 'short' }, /64 characters/],
    [{ scheme: 'github', secret: 'a', sekret: 'b' }, /sekret/],
  ])('%j is a mistake', (given, message) => {
    const parsed = webhookSource.options.safeParse(given);
    expect(parsed.success).toBe(false);
    expect(parsed.error?.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join()).toMatch(message);
  });

  test('secrets are never printed', () => {
    const parsed = webhookSource.options.parse({
      scheme: 'github',
      secrets: ['canary-1', { secret: 'canary-2', until: '2026-01-01' }],
    });
    expect(inspect(parsed, { depth: 9 }) + JSON.stringify(parsed)).not.toContain('canary');
  });
});
