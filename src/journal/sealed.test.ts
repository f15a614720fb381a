import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seal, unseal } from './sealed.ts';

describe('what is sealed', () => {
  // What is sealed is an object, a list or a text, and so begins with no digit.
  const json = fc.json().map((text) => `{"a":${text}}`);
  const place = fc.nat();

  it('is given back at its place, and refused at another', () => {
    fc.assert(
      fc.property(json, place, fc.integer({ min: 1, max: 9 }), (text, at, off) => {
        expect(unseal(seal(text, at), at)).toBe(text);
        expect(() => unseal(seal(text, at), at + off)).toThrow('checksum');
      }),
    );
  });

  it('is refused when the end of it is missing, or all of it', () => {
    fc.assert(
      fc.property(json, place, fc.nat(), (text, at, cut) => {
        const sealed = seal(text, at);
        expect(() => unseal(sealed.slice(0, cut % sealed.length), at)).toThrow('checksum');
      }),
    );
    expect(() => unseal('')).toThrow('checksum');
    expect(() => unseal('', 0)).toThrow('checksum');
  });
});
