import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BATCH,
  batch,
  binary,
  EVENT,
  only,
  post,
  receiver,
  STRUCTURED,
  structured,
} from '../../../test/support/cloudevents.ts';

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
