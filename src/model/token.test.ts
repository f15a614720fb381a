import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Offset, Position } from './position.ts';
import { demandsOf, isBefore, parseToken, tokenOf } from './token.ts';

const PLACE = { source: 'shop-db', history: '7312:1', position: '00000000016B3748' as Position };
const encoded = (json: string): string => `t1.${Buffer.from(json).toString('base64url')}`;

describe('a token', () => {
  it('gives back the place that it was made of, whatever its texts are', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 });
    fc.assert(
      fc.property(text, text, text, (source, history, position) => {
        const place = { source, history, position: position as Position };
        expect(parseToken(tokenOf(place))).toEqual(place);
      }),
    );
  });

  it('goes into a cookie, a header or an address as it is', () => {
    expect(tokenOf({ ...PLACE, source: 'läden & co; "7"' })).toMatch(/^t1\.[A-Za-z0-9_-]+$/);
  });

  it.each([
    ['nothing', ''],
    ['a number', '42'],
    ['a token without its version', tokenOf(PLACE).slice(3)],
    ['one of another version', tokenOf(PLACE).replace('t1.', 't2.')],
    ['what is no JSON', 't1.AAAA'],
    ['no list', encoded('{"0":"a","1":"b","2":"c"}')],
    ['too few parts', encoded('["a","b"]')],
    ['too many parts', encoded('["a","b","c","d"]')],
    ['a source that is no text', encoded('[1,"b","c"]')],
    ['a history that is no text', encoded('["a",null,"c"]')],
    ['a position that is no text', encoded('["a","b",{}]')],
    ['half of one', tokenOf(PLACE).slice(0, 20)],
    ['what is far too long', tokenOf({ ...PLACE, source: 'a'.repeat(2_000) })],
  ])('is not %s', (_, text) => {
    expect(parseToken(text)).toBeNull();
  });

  it('may be two thousand characters long', () => {
    const place = { ...PLACE, source: 'a'.repeat(1_480) };
    expect(tokenOf(place).length).toBeGreaterThan(2_000);
    expect(parseToken(tokenOf(place))).toEqual(place);
  });
});

describe('a place is behind', () => {
  it.each([
    ['a later position of its history', '7312:1', '00000000016B3749', true],
    ['itself', '7312:1', '00000000016B3748', true],
    ['no earlier position', '7312:1', '00000000016B3747', false],
    ['no position of another history', '7312:2', '00000000016B3749', false],
  ])('%s', (_, history, position, behind) => {
    expect(isBefore(PLACE, history, position as Position)).toBe(behind);
  });
});

describe('what a read has to reflect', () => {
  it('is one thing or several', () => {
    const token = tokenOf(PLACE);
    expect([demandsOf(token), demandsOf(7 as Offset), demandsOf([token, 7 as Offset]), demandsOf([])]).toEqual([
      [token],
      [7],
      [token, 7],
      [],
    ]);
  });
});
