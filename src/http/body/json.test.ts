import { performance } from 'node:perf_hooks';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../refusal.ts';
import { parseJson } from './json.ts';

const parse = (text: string) => parseJson(Buffer.from(text), 64);

function codeOf(bytes: Uint8Array): string {
  try {
    parseJson(bytes, 64);
    return 'accepted';
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
/** A body of the largest size, made of one piece. */
const full = (piece: string): string => piece.repeat(Math.floor((1024 * 1024) / piece.length));

describe('parseJson', () => {
  it('reads every JSON value within the bounds exactly', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 20 }), (value) => {
        // fast-check makes integers beyond the safe ones, which are refused, and keys that are.
        const text = JSON.stringify(value);
        fc.pre(codeOf(Buffer.from(text)) === 'accepted');
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('never throws anything but a refusal', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => typeof codeOf(bytes) === 'string'));
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'[]{}",:\\0123456789.-eEtrufalsn '.split('')) }), (text) => {
        const code = codeOf(Buffer.from(text));
        return code === 'accepted' || code.startsWith('JSON_');
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['64 levels', nested(64), 'accepted'],
    ['65 levels', nested(65), 'JSON_DEPTH'],
    ['100,000 levels', '['.repeat(100_000), 'JSON_DEPTH'],
    ['brackets in a string', JSON.stringify('['.repeat(1_000)), 'accepted'],
    ['a bracket after an escaped quote', '"\\"[[["', 'accepted'],
    ['the largest exact integer', '9007199254740991', 'accepted'],
    ['the next integer', '9007199254740992', 'JSON_NUMBER'],
    ['an identifier of another system', '{"id":12345678901234567890}', 'JSON_NUMBER'],
    ['a negative one', '[-9007199254740993]', 'JSON_NUMBER'],
    ['a long fraction', '0.12345678901234567890', 'accepted'],
    ['a number beyond every double', '[1e400]', 'JSON_NUMBER'],
    ['digits in a string', '"12345678901234567890"', 'accepted'],
    ['__proto__', '{"a":[{"__proto__":{}}]}', 'JSON_KEY'],
    ['an escaped __proto__', '{"\\u005f_proto__":1}', 'JSON_KEY'],
    ['constructor.prototype', '{"constructor":{"prototype":{}}}', 'JSON_KEY'],
    ['constructor alone', '{"constructor":"Brunel"}', 'accepted'],
    ['half a surrogate pair', '{"k":"\\ud800"}', 'JSON_TEXT'],
    ['half a pair as a key', '{"\\udc00":1}', 'JSON_TEXT'],
    ['a whole pair', '"\\ud83d\\ude00"', 'accepted'],
    ['nothing', '', 'JSON_SYNTAX'],
    ['two documents', '{}{}', 'JSON_SYNTAX'],
    ['NaN', 'NaN', 'JSON_SYNTAX'],
    ['a raw control character', '"\u0000"', 'JSON_SYNTAX'],
  ])('%s: %#', (_what, text, code) => {
    expect(codeOf(Buffer.from(text))).toBe(code);
  });

  it('refuses what is not UTF-8', () => {
    expect(codeOf(Buffer.from([0x22, 0xff, 0x22]))).toBe('JSON_SYNTAX');
  });

  it.each([['['], ['"\\"'], ['"'], ['{"a":'], ['9'], ['-'], ['\\'], ['[1,'], ['"\\u']])(
    'is done with a megabyte of %s in a bounded time',
    (piece) => {
      const bytes = Buffer.from(full(piece));
      const start = performance.now();
      expect(codeOf(bytes)).not.toBe('accepted');
      // A few milliseconds on any machine; what grows with the square takes minutes.
      expect(performance.now() - start).toBeLessThan(2_000);
    },
  );

  it('quotes at most a little of what it refuses', () => {
    expect(() => parse('9'.repeat(1_000_000))).toThrow(/^.{1,200}$/);
  });
});
