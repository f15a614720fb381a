import fc from 'fast-check';
import { expect, it } from 'vitest';
import { valueDecoder } from './value.ts';

const [BOOL, INT8, INT4, FLOAT8, NUMERIC, JSONB, TEXT, TIMESTAMPTZ] = [16, 20, 23, 701, 1700, 3802, 25, 1184] as const;
const read = (oid: number, text: string): unknown => valueDecoder(oid)(text);

it('makes numbers of integers that are exact, and keeps the digits of others', () => {
  expect(read(INT4, '-42')).toBe(-42);
  expect(read(INT8, '9007199254740991')).toBe(9007199254740991);
  expect(read(INT8, '9007199254740993')).toBe('9007199254740993');
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      (n) => String(read(INT8, String(n))) === String(n),
    ),
  );
});

it('keeps what JSON cannot say, and what has no exact number, as text', () => {
  expect(read(FLOAT8, '1.5')).toBe(1.5);
  expect(read(FLOAT8, 'NaN')).toBe('NaN');
  expect(read(FLOAT8, '-Infinity')).toBe('-Infinity');
  expect(read(NUMERIC, '1.50')).toBe('1.50');
  expect(read(TIMESTAMPTZ, '2026-01-02 03:04:05+00')).toBe('2026-01-02 03:04:05+00');
  expect(read(TEXT, '')).toBe('');
  expect([read(BOOL, 't'), read(BOOL, 'f')]).toEqual([true, false]);
});

it('reads documents without rounding an identifier in them', () => {
  expect(read(JSONB, '{"id": 12345678901234567890, "n": [9007199254740993, -9007199254740993, 1]}')).toEqual({
    id: '12345678901234567890',
    n: ['9007199254740993', '-9007199254740993', 1],
  });
  expect(
    read(JSONB, '{"text": "no 12345678901234567890 \\" 1234567890123456789", "f": 0.12345678901234567890}'),
  ).toEqual({
    text: 'no 12345678901234567890 " 1234567890123456789',
    f: 0.12345678901234568,
  });
  expect(read(JSONB, '1234567890123456789e2')).toBe(1.234567890123456789e20);
  expect(read(JSONB, 'null')).toBeNull();
  expect(read(JSONB, 'not json')).toBe('not json');
  fc.assert(
    fc.property(fc.string(), fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }), (text, number) => {
      const document = `{"${number}": ${JSON.stringify(text + String(number))}, "n" : ${number},"a":[${number}]}`;
      const { n, a, ...rest } = read(JSONB, document) as { n: unknown; a: unknown[] };
      expect([String(n), String(a[0])]).toEqual([String(number), String(number)]);
      expect(rest).toEqual({ [String(number)]: text + String(number) });
    }),
  );
});
