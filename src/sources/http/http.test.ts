import { CloudEvent, HTTP } from 'cloudevents';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ChangeEvent } from '../../model/event.ts';
import { virtualRuntime } from '../../runtime/virtual.ts';
import type { RawRequest, Received, Receiver } from '../source.ts';
import { httpSource } from './index.ts';

const now = Date.UTC(2026, 0, 1);
const runtime = virtualRuntime();
const STRUCTURED = 'application/cloudevents+json';
const BATCH = 'application/cloudevents-batch+json';

function receiver(options: unknown = {}): Receiver {
  const context = { name: 'app', runtime, columns: new Map(), baseDir: '.' };
  return httpSource.receiver!(context, httpSource.options.parse(options));
}

function post(body: unknown, headers: Record<string, string>, more: Partial<RawRequest> = {}): RawRequest {
  const bytes = body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return { method: 'POST', path: '/v1/events', headers, body: bytes, now, ...more };
}

const structured = (event: unknown, type = STRUCTURED): Received =>
  receiver().receive(post(event, { 'content-type': type }));
const batch = (events: unknown, options?: unknown): Received =>
  receiver(options).receive(post(events, { 'content-type': BATCH }));
const binary = (headers: Record<string, string>, body: unknown = '', type?: string): Received => {
  const required = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/s', 'ce-type': 't' };
  return receiver().receive(post(body, { ...required, ...(type ? { 'content-type': type } : {}), ...headers }));
};

function only(result: Received): ChangeEvent {
  if (!result.ok) throw new Error(`${result.code}: ${result.message}`);
  expect(result.events).toHaveLength(1);
  return result.events[0]!;
}

const EVENT = { specversion: '1.0', id: '1', source: '/shop', type: 'product.updated' };

describe('structured mode', () => {
  test('an event comes out with its attributes, and the id is source and id together', () => {
    const event = { ...EVENT, subject: 'p/42', time: '2026-01-01T00:00:00.5+01:00', data: { product_id: 42 } };
    expect(structured(event)).toEqual({
      ok: true,
      events: [
        {
          id: '/shop 1',
          type: 'product.updated',
          source: 'app',
          origin: '/shop',
          subject: 'p/42',
          time: '2026-01-01T00:00:00.5+01:00',
          data: { product_id: 42 },
        },
      ],
    });
  });

  test('different pairs of source and id never give the same event id', () => {
    const part = fc.stringMatching(/^[#/:a1%]{1,4}$/);
    fc.assert(
      fc.property(part, part, part, part, (s1, i1, s2, i2) => {
        const [a, b] = [
          only(structured({ ...EVENT, source: s1, id: i1 })),
          only(structured({ ...EVENT, source: s2, id: i2 })),
        ];
        expect(a.id === b.id).toBe(s1 === s2 && i1 === i2);
      }),
    );
    expect(structured({ ...EVENT, source: '/a b' })).toMatchObject({ status: 400 });
  });

  test.each([
    'application/cloudevents+json',
    'application/cloudevents+json;charset=utf-8',
    'application/cloudevents+json; charset=UTF-8',
    'Application/CloudEvents+JSON ; Charset="utf-8"',
    'application/cloudevents+json; profile="a;b\\"c"; charset=utf-8;',
  ])('Content-Type %s is structured JSON', (type) => {
    expect(only(structured(EVENT, type)).type).toBe('product.updated');
  });

  test.each([
    'application/cloudevents+json; charset=utf-16',
    'application/cloudevents+avro',
    'application/cloudevents',
    'application/cloudevents-batch+avro',
    'application/json',
    'cloudevents',
    'application/cloudevents+json; charset',
  ])('Content-Type %s is answered 415', (type) => {
    expect(structured(EVENT, type)).toMatchObject({ ok: false, status: 415, code: 'CONTENT_TYPE' });
  });

  test.each([
    ['without specversion', { specversion: undefined }, 'specversion is missing: only "1.0" is understood'],
    ['of specversion 2.0', { specversion: '2.0' }, 'specversion is "2.0": only "1.0" is understood'],
    ['of specversion 0.3', { specversion: '0.3' }, 'specversion is "0.3"'],
    ['whose specversion is a number', { specversion: 1.0 }, 'specversion is 1'],
    ['without id', { id: undefined }, 'id is missing'],
    ['with id null', { id: null }, 'id is missing'],
    ['with an empty id', { id: '' }, 'id is empty'],
    ['with a number as id', { id: 7 }, 'id is not a string'],
    ['without source', { source: undefined }, 'source is missing'],
    ['without type', { type: undefined }, 'type is missing'],
    ['of a type of our own', { type: 'tidemark.gap' }, 'event types that begin with "tidemark." are not accepted'],
    ['with a line feed in its type', { type: 'a\nb' }, 'type holds control characters'],
    ['with a noncharacter in its id', { id: '\uffff' }, 'id holds control characters or noncharacters'],
    ['with an id of 2,000 characters', { id: 'x'.repeat(2_000) }, 'id is longer than 1024 characters'],
    ['with an empty subject', { subject: '' }, 'subject is empty'],
    ['with a bad time', { time: 'yesterday' }, 'time is not an RFC 3339 timestamp'],
    ['on the 30th of February', { time: '2026-02-30T00:00:00Z' }, 'time is not an RFC 3339 timestamp'],
    ['without a time zone', { time: '2026-02-03T00:00:00' }, 'time is not an RFC 3339 timestamp'],
    ['with an upper-case extension', { traceParent: 'x' }, '"traceParent" cannot be an attribute'],
    ['with an object as extension', { ext: { a: 1 } }, 'ext is not a string, boolean or integer'],
    ['with a fraction as extension', { ext: 1.5 }, 'ext is not a string, boolean or integer'],
    ['with a bad datacontenttype', { datacontenttype: 'json' }, 'datacontenttype is not a media type'],
  ])('an event %s is refused', (_name, change, message) => {
    expect(structured({ ...EVENT, ...change })).toMatchObject({ ok: false, status: 400 });
    expect((structured({ ...EVENT, ...change }) as { message: string }).message).toContain(message);
  });

  test('attributes that are null are absent, extensions are accepted', () => {
    const event = {
      ...EVENT,
      subject: null,
      time: null,
      dataschema: null,
      traceparent: '00-x',
      n: 5,
      b: true,
      u: null,
    };
    expect(only(structured(event))).toEqual({
      id: '/shop 1',
      type: EVENT.type,
      source: 'app',
      origin: '/shop',
      data: null,
    });
  });

  test.each(['2026-12-31T23:59:60Z', '2024-02-29t00:00:00.123456789z', '2026-06-01T00:00:00-23:59'])(
    'the time %s is kept as it came',
    (time) => {
      expect(only(structured({ ...EVENT, time })).time).toBe(time);
    },
  );

  test.each([[[]], [[EVENT]], [null], ['x'], [1]])('%j is no event', (body) => {
    expect(structured(body)).toMatchObject({ ok: false, status: 400 });
  });
});

describe('data', () => {
  test.each([
    ['JSON without a type', { data: { a: [1] } }, { a: [1] }],
    ['explicit null', { data: null }, null],
    ['none', {}, null],
    ['none, with a type', { datacontenttype: 'text/plain' }, null],
    ['a JSON string, which is not read again', { data: '{"a":1}', datacontenttype: 'application/json' }, '{"a":1}'],
    ['text', { data: '<a/>', datacontenttype: 'application/xml' }, '<a/>'],
    ['bytes of JSON', { data_base64: 'eyJhIjoxfQ==', datacontenttype: 'application/vnd.x+json' }, { a: 1 }],
    ['bytes of text', { data_base64: 'aMOp', datacontenttype: 'text/plain' }, 'hé'],
    ['other bytes', { data_base64: 'AP8=', datacontenttype: 'application/octet-stream' }, { base64: 'AP8=' }],
    ['bytes without a type', { data_base64: 'AP8=' }, { base64: 'AP8=' }],
  ])('%s', (_name, change, data) => {
    expect(only(structured({ ...EVENT, ...change })).data).toEqual(data);
  });

  test.each([
    ['both members', { data: 1, data_base64: 'AP8=' }],
    ['base64 without padding', { data_base64: 'AP8' }],
    ['base64 that is a number', { data_base64: 7 }],
    ['base64url', { data_base64: '_-8=' }],
    ['an object declared as text', { data: { a: 1 }, datacontenttype: 'text/plain' }],
    ['bytes declared as JSON that are not', { data_base64: 'AP8=', datacontenttype: 'application/json' }],
    ['bytes declared as text that are not UTF-8', { data_base64: '/w==', datacontenttype: 'text/plain' }],
    ['text in another encoding', { data_base64: 'aA==', datacontenttype: 'text/plain; charset=utf-16' }],
  ])('%s is refused', (_name, change) => {
    expect(structured({ ...EVENT, ...change })).toMatchObject({ ok: false, status: 400 });
  });

  test('an identifier beyond a double keeps its digits', () => {
    const body = '{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"id":12345678901234567890}}';
    expect(only(structured(body)).data).toEqual({ id: '12345678901234567890' });
  });
});

describe('bodies that are refused before they are understood', () => {
  test.each([
    ['a member given twice', '{"specversion":"1.0","id":"1","id":"2","source":"/s","type":"t"}', 'JSON_KEY'],
    ['__proto__', '{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"__proto__":{"x":1}}}', 'JSON_KEY'],
    ['constructor.prototype', '{"data":{"constructor":{"prototype":{}}}}', 'JSON_KEY'],
    ['a depth bomb', `{"data":${'['.repeat(100_000)}`, 'JSON_DEPTH'],
    ['a number of a megabyte', `{"data":${'1'.repeat(1_000_000)}}`, 'JSON_NUMBER'],
    ['half a surrogate pair', '{"data":"\\ud800"}', 'JSON_TEXT'],
    ['NUL', '{"data":"\\u0000"}', 'JSON_TEXT'],
    ['a truncated body', '{"specversion":"1.0","id":', 'JSON_SYNTAX'],
    ['nothing', '', 'JSON_SYNTAX'],
  ])('%s', (_name, body, code) => {
    for (const type of [STRUCTURED, BATCH]) {
      expect(structured(body, type)).toMatchObject({ ok: false, status: 400, code });
    }
  });

  test('a body beyond the limit is answered 413, a compressed one 415, a PUT 405', () => {
    expect(structured(' '.repeat(1_048_577))).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
    const headers = { 'content-type': STRUCTURED, 'content-encoding': 'gzip' };
    expect(receiver().receive(post(EVENT, headers))).toMatchObject({ status: 415, code: 'BODY_ENCODING' });
    expect(receiver().receive(post(EVENT, {}, { method: 'PUT' }))).toMatchObject({ status: 405 });
  });

  test('any bytes are answered, never thrown on', () => {
    const types = fc.constantFrom(STRUCTURED, BATCH, 'application/json', 'text/plain', 'x/y;;', undefined);
    const header = fc.record({
      'ce-id': fc.string(),
      'ce-source': fc.string(),
      'ce-type': fc.string(),
      'ce-time': fc.string(),
    });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), types, header, (body, type, headers) => {
        const result = binary({ ...headers }, body, type);
        expect(result.ok || (result.status >= 400 && result.status < 500)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('batch mode', () => {
  test('events come out in order, and an empty batch is fine', () => {
    const result = batch([EVENT, { ...EVENT, id: '2' }]);
    expect(result.ok && result.events.map(({ id }) => id)).toEqual(['/shop 1', '/shop 2']);
    expect(batch([])).toEqual({ ok: true, events: [] });
  });

  test('one wrong event refuses all, and the answer says which', () => {
    const result = batch([EVENT, EVENT, { ...EVENT, time: 'x' }, { ...EVENT, id: '' }]);
    expect(result).toMatchObject({ ok: false, status: 400 });
    expect((result as { message: string }).message).toMatch(/^events\[2\]: time is not/);
    expect(batch([EVENT, 5])).toMatchObject({ message: 'events[1]: an event is a JSON object' });
  });

  test('a duplicate member deep in an element is found with its place', () => {
    const result = batch('[{"a":1},{"data":{"x":[0,{"id":1,"id":2}]}}]');
    expect(result).toMatchObject({ message: 'the body is refused: the member [1].data.x[1].id is given twice' });
  });

  test('a single event in a batch, or a batch as one event, is refused', () => {
    expect(batch(EVENT)).toMatchObject({ ok: false, code: 'CLOUDEVENT_BATCH' });
    expect(structured([EVENT])).toMatchObject({ ok: false, code: 'CLOUDEVENT_DATA' });
  });

  test('more events than allowed are answered 413; the limit is 10,000 by default', () => {
    expect(batch([EVENT, EVENT], { max_batch: 1 })).toMatchObject({ status: 413, code: 'CLOUDEVENT_BATCH' });
    const many = `[${Array.from({ length: 10_001 }, () => '0').join()}]`;
    expect(batch(many)).toMatchObject({ status: 413 });
    expect(batch(`[${many.slice(1, -1).split(',').slice(1).join()}]`)).toMatchObject({ status: 400 });
  });
});

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
