import { CloudEvent, HTTP } from 'cloudevents';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { binary, EVENT, only, post, receiver, STRUCTURED, structured } from '../../../test/support/cloudevents.ts';
import type { ChangeEvent } from '../../model/event.ts';

describe('binary mode', () => {
  test('attributes are in headers, data in the body', () => {
    const headers = {
      'ce-id': 'A%20B',
      'ce-subject': 'x',
      'ce-time': '2026-01-01T00:00:00Z',
      'ce-ext1': 'y',
      host: 'h',
    };
    expect(only(binary(headers, { product_id: 1 }, 'application/json; charset=utf-8'))).toEqual({
      id: '/s A B',
      type: 't',
      source: 'app',
      origin: '/s',
      subject: 'x',
      time: '2026-01-01T00:00:00Z',
      data: { product_id: 1 },
    });
  });

  test.each([
    ['Euro%20%E2%82%AC%20%F0%9F%98%80', 'Euro € 😀'],
    ['Euro%20%e2%82%ac', 'Euro €'],
    ['%41', 'A'],
    ['100%2525', '100%25'],
    ['"with space"', 'with space'],
    ['"a \\"b\\" \\\\"', 'a "b" \\'],
    ['"%E2%82%AC x"', '€ x'],
    ['  plain  ', 'plain'],
    ['a b', 'a b'],
  ])('the header value %s means %s', (raw, value) => {
    expect(only(binary({ 'ce-subject': raw })).subject).toBe(value);
  });

  test.each([
    ['%C0%A0', 'not UTF-8'],
    ['%ED%A0%80', 'not UTF-8'],
    ['%E2%82', 'not UTF-8'],
    ['%FF', 'not UTF-8'],
    ['100%', 'write it as %25'],
    ['%zz', 'write it as %25'],
    ['"open', 'not closed'],
    ['é', 'outside of printable ASCII'],
    ['%00', 'control characters'],
    ['%0A', 'control characters'],
    ['""', 'empty'],
  ])('the header value %s is refused', (raw, words) => {
    const result = binary({ 'ce-subject': raw });
    expect(result).toMatchObject({ ok: false, status: 400 });
    expect((result as { message: string }).message).toContain(words);
  });

  test('any text survives encoding into a header and back', () => {
    const encoded = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, (c) => c);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 50 }), (text) => {
        fc.pre(!/[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u.test(text));
        expect(only(binary({ 'ce-subject': encoded(text) })).subject).toBe(text);
      }),
    );
  });

  test.each([
    ['ce-datacontenttype', { 'ce-datacontenttype': 'application/json' }, 400],
    ['an attribute named data', { 'ce-data': 'x' }, 400],
    ['a name with a hyphen', { 'ce-my-ext': 'x' }, 400],
    ['a missing id', { 'ce-id': '' }, 400],
    ['specversion 2.0', { 'ce-specversion': '2.0' }, 400],
    ['a bad time', { 'ce-time': '0' }, 400],
  ])('%s is refused', (_name, headers, status) => {
    expect(binary(headers as unknown as Record<string, string>)).toMatchObject({ ok: false, status });
  });

  test('the body is read by its type: JSON, text, other bytes, none', () => {
    expect(only(binary({}, '"I\'m just a string"', 'application/json')).data).toBe("I'm just a string");
    expect(only(binary({}, '<a/>', 'text/xml')).data).toBe('<a/>');
    expect(only(binary({}, Uint8Array.of(0, 255), 'image/png')).data).toEqual({ base64: 'AP8=' });
    expect(only(binary({}, '', 'application/json')).data).toBeNull();
    expect(only(binary({})).data).toBeNull();
    expect(binary({}, 'x')).toMatchObject({ status: 415 });
    expect(binary({}, '{', 'application/json')).toMatchObject({ status: 400, code: 'JSON_SYNTAX' });
  });

  test('a request without any ce- header is told what to send', () => {
    const result = receiver().receive(post({ a: 1 }, { 'content-type': 'application/json' }));
    expect(result).toMatchObject({ ok: false, status: 415 });
    expect((result as { message: string }).message).toMatch(
      /not a CloudEvent: send Content-Type application\/cloudevents/,
    );
  });
});

describe('the SDK as oracle', () => {
  const attributes = fc.record({
    id: fc.stringMatching(/^[\w/:.-]{1,20}$/),
    source: fc.stringMatching(/^\/[\w/:.-]{0,20}$/),
    type: fc.stringMatching(/^[\w.]{1,20}$/),
    subject: fc.stringMatching(/^[\w/]{1,10}$/),
    time: fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((date) => date.toISOString()),
    datacontenttype: fc.constant('application/json'),
    data: fc.record({ product_id: fc.maxSafeInteger(), name: fc.string(), tags: fc.array(fc.string()) }),
    myext: fc.stringMatching(/^[a-z]{1,5}$/),
  });
  const agrees = (event: ChangeEvent, sent: { id: string; source: string; type: string; data?: unknown }): void => {
    expect(event).toMatchObject({
      id: `${sent.source} ${sent.id}`,
      origin: sent.source,
      type: sent.type,
      data: sent.data,
    });
  };

  test('what the SDK sends in either mode, we read', () => {
    fc.assert(
      fc.property(attributes, (sent) => {
        fc.pre(!JSON.stringify(sent.data).includes('\\u0000'));
        for (const message of [HTTP.structured(new CloudEvent(sent)), HTTP.binary(new CloudEvent(sent))]) {
          const headers: Record<string, string> = {};
          for (const [name, value] of Object.entries(message.headers)) headers[name.toLowerCase()] = String(value);
          const event = only(receiver().receive(post(message.body, headers)));
          agrees(event, sent);
          expect(event).toMatchObject({ subject: sent.subject, time: sent.time });
        }
      }),
    );
  });

  test('what we read, the SDK reads the same, in either mode', () => {
    fc.assert(
      fc.property(attributes, (sent) => {
        const body = JSON.stringify({ specversion: '1.0', ...sent });
        const theirs = HTTP.toEvent({ headers: { 'content-type': STRUCTURED }, body }) as CloudEvent;
        agrees(only(structured(body)), theirs);
        const { data, datacontenttype, ...rest } = sent;
        const headers: Record<string, string> = { 'content-type': datacontenttype, 'ce-specversion': '1.0' };
        for (const [name, value] of Object.entries(rest)) headers[`ce-${name}`] = value;
        const inBinary = HTTP.toEvent({ headers, body: JSON.stringify(data) }) as CloudEvent;
        agrees(only(receiver().receive(post(data, headers))), inBinary);
      }),
    );
  });

  describe('where the SDK is not a safe receiver', () => {
    const theirs = (headers: Record<string, string>, body: string): CloudEvent =>
      HTTP.toEvent({ headers, body }) as CloudEvent;

    test('it refuses charset=UTF-8 and a parameter without a space; we accept both', () => {
      for (const type of [`${STRUCTURED};charset=utf-8`, `${STRUCTURED}; charset=UTF-8`]) {
        expect(() => theirs({ 'content-type': type }, JSON.stringify(EVENT))).toThrow(/invalid content type/);
        expect(structured(EVENT, type).ok).toBe(true);
      }
    });

    test('it makes up a missing id; we refuse the event', () => {
      const { id: _id, ...rest } = EVENT;
      expect(theirs({ 'content-type': STRUCTURED }, JSON.stringify(rest)).id).toMatch(/^[0-9a-f-]{36}$/);
      expect(structured(rest)).toMatchObject({ ok: false, status: 400 });
    });

    test('it makes up the time when the given one is wrong; we refuse the event', () => {
      const sent = { ...EVENT, time: 'yesterday' };
      expect(theirs({ 'content-type': STRUCTURED }, JSON.stringify(sent)).time).toMatch(/^\d{4}-/);
      expect(structured(sent)).toMatchObject({ ok: false, status: 400 });
    });

    test('it reads specversion 2.0; we refuse what we do not know', () => {
      const sent = { ...EVENT, specversion: '2.0' };
      expect(theirs({ 'content-type': STRUCTURED }, JSON.stringify(sent)).type).toBe(EVENT.type);
      expect(structured(sent)).toMatchObject({ ok: false, code: 'CLOUDEVENT_VERSION' });
    });

    test('it does not percent-decode headers; we do, once', () => {
      const headers = {
        'ce-specversion': '1.0',
        'ce-id': '1',
        'ce-source': '/s',
        'ce-type': 't',
        'ce-subject': 'a%20b',
      };
      expect(theirs(headers, '').subject).toBe('a%20b');
      expect(only(binary({ 'ce-subject': 'a%20b' })).subject).toBe('a b');
    });

    test('it sends a JSON string without its quotes in binary mode; that is not JSON, and we refuse it', () => {
      const event = new CloudEvent({ ...EVENT, data: 'just text', datacontenttype: 'application/json' });
      expect(HTTP.binary(event).body).toBe('just text');
      expect(binary({}, 'just text', 'application/json')).toMatchObject({ ok: false, code: 'JSON_SYNTAX' });
    });
  });
});
