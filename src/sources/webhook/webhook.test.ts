import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SchemeName } from '../../../test/support/sign-webhooks.ts';
import { event, names, of, PAYLOAD, request, resign, signed } from '../../../test/support/webhook.ts';
import type { ChangeEvent } from '../../model/event.ts';
import { webhookSource } from './index.ts';

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
