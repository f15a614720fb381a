import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clock, excerpt, json, plural, size, span, visible } from '../../dashboard/src/words.ts';

describe('a duration is said in the unit a person would use', () => {
  test.each([
    [0, '0 ms'],
    [0.42, '0.4 ms'],
    [840, '840 ms'],
    [999.6, '1000 ms'],
    [2_400, '2.4 s'],
    [2_000, '2 s'],
    [59_940, '59.9 s'],
    [59_999, '1 min'],
    [190_000, '3 min 10 s'],
    [7_500_000, '2 h 5 min'],
    [86_400_000 * 3, '3 d'],
    [-250, '-250 ms'],
    [Infinity, 'unknown'],
    [NaN, 'unknown'],
  ])('%s is %s', (ms, words) => {
    expect(span(ms)).toBe(words);
  });
});

test('sizes, counts and times are said as people say them', () => {
  expect([size(0), size(999), size(1_840), size(8_000_000)]).toEqual(['0 B', '999 B', '1.8 kB', '8 MB']);
  expect([plural(1, 'hit'), plural(1_200, 'miss', 'misses')]).toEqual(['1 hit', '1,200 misses']);
  expect(clock(new Date(2026, 0, 2, 3, 4, 5, 6).getTime())).toBe('03:04:05.006');
});

test('no control, direction or invisible character comes through, whatever a payload holds', () => {
  expect(visible('a\u202eb\u0000c\u200bd\u001b[31m')).toBe('a\\u202eb\\u0000c\\u200bd\\u001b[31m');
  expect(visible('line\nnext\ttab')).toBe('line\\nnext\\ttab');
  fc.assert(
    fc.property(fc.array(fc.nat(0xffff)), (codes) => {
      const text = String.fromCharCode(...codes);
      expect(visible(text)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u);
    }),
  );
});

test('a large payload is cut, and says so', () => {
  expect(excerpt({ text: 'x'.repeat(1_000) })).toHaveLength(161);
  expect(json('x'.repeat(10_000))).toMatch(/… \(10,002 characters\)$/);
  expect(json(undefined)).toBe('undefined');
});
