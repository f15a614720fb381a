import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeControls, escapeLines, safeJson } from './escape.ts';

const dangerous = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/; // eslint-disable-line no-control-regex -- what must not get through

describe('text from outside on a terminal', () => {
  test.each([
    ['a colour', '\u001b[31mred', '\\x1b[31mred'],
    ['an 8-bit escape sequence', '\u009b2J', '\\x9b2J'],
    ['a forged line', 'a\r\nINFO all is well', 'a\\r\\nINFO all is well'],
    ['a turned text', 'file\u202etxt.exe', 'file\\u202etxt.exe'],
    ['a line separator', 'a\u2028b', 'a\\u2028b'],
    ['a window title', '\u001b]0;evil\u0007', '\\x1b]0;evil\\x07'],
    ['half a surrogate pair', 'a\ud800b', 'a\\ud800b'],
  ])('%s is shown, not obeyed', (_, text, shown) => {
    expect(escapeControls(text)).toBe(shown);
  });

  test('letters, accents and emoji stay as they are', () => {
    expect(escapeControls('Größe 価格 👍 naïve')).toBe('Größe 価格 👍 naïve');
  });

  test('no text gets a control character through', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 50 }), (text) => {
        expect(escapeControls(text)).not.toMatch(dangerous);
        expect(escapeControls(text)).not.toContain('\n');
        expect(escapeLines(text).split('\n')).toHaveLength(text.split('\n').length);
      }),
    );
  });
});

describe('JSON on a terminal', () => {
  test('any value comes back as it was, and nothing in it is obeyed', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const text = safeJson(value, 2);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(text).not.toMatch(dangerous);
      }),
    );
  });
});
