import { describe, expect, test } from 'vitest';
import { EVENT, now, post, receiver, STRUCTURED } from '../../../test/support/cloudevents.ts';
import type { Received } from '../source.ts';
import { httpSource } from './index.ts';

describe('the handshake', () => {
  const ask = (headers: Record<string, string>, options?: unknown): Received =>
    receiver(options).receive({ method: 'OPTIONS', path: '/v1/events', headers, body: new Uint8Array(), now });

  test('by default any origin at any rate is granted, and a callback is not called', () => {
    const headers = {
      'webhook-request-origin': 'eventemitter.example.com',
      'webhook-request-rate': '120',
      'webhook-request-callback': 'http://169.254.169.254/',
    };
    expect(ask(headers)).toMatchObject({
      status: 204,
      headers: { allow: 'POST, OPTIONS', 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '*' },
    });
  });

  test('a listed origin is granted by name with the configured rate, another gets no consent', () => {
    const options = { allowed_origins: ['a.example'], rate: 100 };
    expect(ask({ 'webhook-request-origin': 'A.example' }, options)).toMatchObject({
      status: 204,
      headers: { 'webhook-allowed-origin': 'A.example', 'webhook-allowed-rate': '100' },
    });
    const refused = ask({ 'webhook-request-origin': 'b.example' }, options);
    expect(refused).toMatchObject({ status: 403, code: 'ORIGIN_REFUSED' });
    expect(JSON.stringify(refused)).not.toContain('webhook-allowed');
  });

  test('a delivery that names another origin is refused, one that names none is not', () => {
    const deliver = (origin?: string): Received =>
      receiver({ allowed_origins: ['a.example'] }).receive(
        post(EVENT, { 'content-type': STRUCTURED, ...(origin ? { 'webhook-request-origin': origin } : {}) }),
      );
    expect(deliver('b.example')).toMatchObject({ status: 403 });
    expect(deliver('a.example').ok).toBe(true);
    expect(deliver().ok).toBe(true);
  });

  test('the rate that is granted is held: more is refused until a minute gives more, and time that steps back gives none', () => {
    const limited = receiver({ rate: 3, token: 't' });
    const send = (at: number, token = 't'): Received =>
      limited.receive({
        ...post(EVENT, { 'content-type': STRUCTURED, authorization: `Bearer ${token}` }),
        now: now + at,
      });
    for (let i = 0; i < 5; i++) expect(send(0, 'wrong')).toMatchObject({ status: 401 });
    expect([0, 0, 0].map((at) => send(at).ok)).toEqual([true, true, true]);
    expect(send(0)).toMatchObject({ status: 429, code: 'RATE_EXCEEDED', headers: { 'retry-after': '20' } });
    expect(send(-60_000)).toMatchObject({ status: 429 });
    expect(send(-60_000 + 19_999)).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
    expect(send(-60_000 + 20_000).ok).toBe(true);
    expect(send(-60_000 + 20_000).ok).toBe(false);
    // However long it was quiet, no more than a minute's worth at once.
    expect([1, 1, 1, 1].map(() => send(3_600_000).ok)).toEqual([true, true, true, false]);
  });

  test('OPTIONS without an origin is answered without consent', () => {
    expect(ask({})).toMatchObject({ status: 204, headers: { allow: 'POST, OPTIONS' } });
  });
});

describe('options', () => {
  test.each([
    [{ tokn: 'x' }, /tokn/],
    [{ token: 'a', tokens: ['b'] }, /not both/],
    [{ tokens: [] }, /tokens/],
    [{ tokens: [{ secret: 'a', until: 'soon' }] }, /tokens/],
    [{ allowed_origins: [] }, /allowed_origins/],
    [{ rate: 0 }, /rate/],
    [{ max_bytes: 17 * 1024 * 1024 }, /max_bytes/],
  ])('%j is a mistake', (given, message) => {
    const parsed = httpSource.options.safeParse(given);
    expect(parsed.success).toBe(false);
    expect(String(parsed.error)).toMatch(message);
  });
});
