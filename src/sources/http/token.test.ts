import { describe, expect, test } from 'vitest';
import { EVENT, now, post, receiver, STRUCTURED } from '../../../test/support/cloudevents.ts';
import type { RawRequest, Received } from '../source.ts';
import { httpSource } from './index.ts';

describe('tokens', () => {
  const rotating = { tokens: ['new-token', { secret: 'old-token', until: '2026-01-01T00:00:01Z' }] };
  const send = (options: unknown, more: Partial<RawRequest>, headers: Record<string, string> = {}): Received =>
    receiver(options).receive(post(EVENT, { 'content-type': STRUCTURED, ...headers }, more));

  test('a token is accepted in the Authorization header and in the query', () => {
    expect(send({ token: 's3cret' }, {}, { authorization: 'Bearer s3cret' }).ok).toBe(true);
    expect(send({ token: 's3cret' }, {}, { authorization: 'bearer  s3cret' }).ok).toBe(true);
    expect(send({ token: 's3 cret' }, { path: '/v1/events?a=1&access_token=s3%20cret' }).ok).toBe(true);
  });

  test('missing, wrong and expired tokens get the same answer, and differ for the operator only', () => {
    const at = (ms: number): Received => send(rotating, { now: now + ms }, { authorization: 'Bearer old-token' });
    expect(at(999).ok).toBe(true);
    const results = [send(rotating, {}), send(rotating, {}, { authorization: 'Bearer x' }), at(1_000)];
    expect(results.map((result) => (result.ok ? null : result.reason))).toEqual([
      'TOKEN_MISSING',
      'TOKEN_WRONG',
      'TOKEN_EXPIRED',
    ]);
    const told = results.map((result) => (result.ok ? null : { ...result, reason: undefined }));
    expect(new Set(told.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(told[0]).toMatchObject({ status: 401, code: 'TOKEN_REFUSED', headers: { 'www-authenticate': 'Bearer' } });
  });

  test('a token given twice is refused as ambiguous', () => {
    expect(send({ token: 'x' }, { path: '/?access_token=x' }, { authorization: 'Bearer x' })).toMatchObject({
      status: 400,
    });
    expect(send({ token: 'x' }, { path: '/?access_token=x&access_token=x' })).toMatchObject({ status: 400 });
  });

  test('no token is printed by the options', () => {
    const parsed = httpSource.options.parse({ token: 'canary' });
    expect(JSON.stringify(parsed)).not.toContain('canary');
  });
});
