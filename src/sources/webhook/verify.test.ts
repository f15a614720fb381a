import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { signers, signWithEd25519, type Headers, type SchemeName } from '../../../test/support/sign-webhooks.ts';
import {
  BODY,
  event,
  logged,
  names,
  now,
  of,
  PAYLOAD,
  reasonOf,
  receiver,
  request,
  SECRETS,
  signed,
} from '../../../test/support/webhook.ts';

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
