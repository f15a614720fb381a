import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseStrictJson } from './strict-json.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const refused = (text: string): string => {
  const parsed = parseStrictJson(text);
  return parsed.ok ? 'accepted' : `${parsed.code}: ${parsed.message}`;
};

/** Written with all its digits, and beyond what a double holds. */
const isWide = (value: unknown): boolean =>
  typeof value === 'number' && /^-?\d+$/.test(String(value)) && !Number.isSafeInteger(value);

describe('what JSON.parse accepts', () => {
  test('any document comes out as JSON.parse gives it', () => {
    const document = fc.jsonValue({ maxDepth: 6 }).map((value) => JSON.stringify(value));
    fc.assert(
      fc.property(document, fc.nat(3), (text, indent) => {
        const spaced = JSON.stringify(JSON.parse(text), null, indent);
        const parsed = parseStrictJson(bytes(spaced));
        // `__proto__` is the one member name that the generator makes and we refuse.
        if (spaced.includes('__proto__')) return;
        const value = JSON.parse(spaced, (_name, v: unknown) => (isWide(v) ? String(v) : v)) as unknown;
        expect(parsed).toEqual({ ok: true, value });
      }),
      { numRuns: 500 },
    );
  });

  test('nothing is accepted that JSON.parse refuses', () => {
    const noise = fc.string({ unit: fc.constantFrom(...Array.from('{}[]",:\\u0d8-1eE.+tfn ')), maxLength: 40 });
    fc.assert(
      fc.property(noise, (text) => {
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        if (!valid) expect(parseStrictJson(text).ok).toBe(false);
      }),
      { numRuns: 5_000 },
    );
  });

  test('a document with one byte changed never throws', () => {
    const text = '{"a":[1,2.5e3,{"b":"\\u00e9\\ud83d\\ude00 \\"x\\""}],"c":null,"d":12345678901234567890}';
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.nat(255), (at, byte) => {
        const changed = bytes(text);
        changed[at] = byte;
        expect(typeof parseStrictJson(changed).ok).toBe('boolean');
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('what two readers could understand differently', () => {
  test.each([
    ['{"a":1,"a":2}', 'JSON_KEY: the member a is given twice'],
    ['{"a":1,"\\u0061":2}', 'JSON_KEY: the member a is given twice'],
    ['[{"x":{"id":1,"y":[1,2],"id":2}}]', 'JSON_KEY: the member [0].x.id is given twice'],
    ['{"__proto__":{"x":1}}', 'JSON_KEY: the member __proto__ is not accepted'],
    ['{"a":{"\\u005f_proto__":1}}', 'JSON_KEY: the member a.__proto__ is not accepted'],
    ['{"constructor":{"prototype":{"x":1}}}', 'JSON_KEY: the member constructor.prototype is not accepted'],
    ['{"a":"\\ud800"}', 'JSON_TEXT: a holds half a surrogate pair'],
    ['{"a":"\\udc00\\ud800"}', 'JSON_TEXT: a holds half a surrogate pair'],
    ['["\\ud83dx"]', 'JSON_TEXT: [0] holds half a surrogate pair'],
    ['{"a":"\\u0000"}', 'JSON_TEXT: a holds NUL'],
    ['{"a":1e400}', 'JSON_NUMBER: a is a number too large for a double'],
    [`[${'9'.repeat(65)}]`, 'JSON_NUMBER: [0] is a number of 65 characters'],
    ['{"a":}', 'JSON_SYNTAX: it is not JSON: it ends too early or holds something else'],
    ['{"a":1,\n "b":2,}', 'JSON_SYNTAX: it is not JSON at line 2, column 8'],
  ])('%s is refused with its place', (text, problem) => {
    expect(refused(text)).toBe(problem);
  });

  test('the same member name in two objects, and constructor without prototype, are fine', () => {
    expect(refused('{"a":{"id":1},"b":{"id":1},"c":[{"id":1},{"id":1}]}')).toBe('accepted');
    expect(refused('{"constructor":"Ada","prototype":{"a":1}}')).toBe('accepted');
  });

  test('bytes that are not UTF-8 are refused, a byte order mark is not part of the text', () => {
    expect(parseStrictJson(Uint8Array.of(0x22, 0xc0, 0xa0, 0x22))).toMatchObject({ code: 'JSON_TEXT' });
    expect(parseStrictJson(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31))).toEqual({ ok: true, value: 1 });
  });
});

describe('integers', () => {
  test('one that a double cannot hold becomes a string of its digits', () => {
    expect(parseStrictJson('{"id":12345678901234567890,"n":[-9007199254740993]}')).toEqual({
      ok: true,
      value: { id: '12345678901234567890', n: ['-9007199254740993'] },
    });
  });

  test('every integer builds the text it was written as', () => {
    fc.assert(
      fc.property(fc.bigInt(-(10n ** 40n), 10n ** 40n), (n) => {
        const parsed = parseStrictJson(`[${n}]`);
        expect(parsed.ok && String((parsed.value as unknown[])[0])).toBe(n.toString());
      }),
    );
  });

  test('a wide integer in the place of a member name stays a syntax error', () => {
    expect(refused('{12345678901234567890:1}')).toMatch(/^JSON_SYNTAX/);
  });
});

describe('bombs', () => {
  // A mebibyte is the default limit of a body. The bound is generous: a quadratic reader would need minutes.
  const MIB = 1024 * 1024;
  const timed = (text: string): { readonly problem: string; readonly tookMs: number } => {
    const startedAt = performance.now();
    return { problem: refused(text), tookMs: performance.now() - startedAt };
  };

  test.each([
    ['nesting 100,000 deep', '['.repeat(100_000), /JSON_DEPTH/],
    ['nesting in objects', '{"a":'.repeat(100_000), /JSON_DEPTH/],
    ['a number of a mebibyte', '1'.repeat(MIB), /JSON_NUMBER/],
    ['backslashes without end', `"${'\\'.repeat(MIB)}`, /JSON_SYNTAX/],
    ['escaped quotes without end', `"${'\\"'.repeat(MIB / 2)}`, /JSON_SYNTAX/],
    ['100,000 wide integers', `[${Array.from({ length: 50_000 }, () => '12345678901234567890').join()}]`, /accepted/],
    ['100,000 members', `{${Array.from({ length: 100_000 }, (_, i) => `"k${i}":1`).join()}}`, /accepted/],
    ['a long string', `"${'x'.repeat(MIB)}"`, /accepted/],
  ])('%s takes linear time', (_name, text, expected) => {
    const { problem, tookMs } = timed(text);
    expect(problem).toMatch(expected);
    expect(tookMs).toBeLessThan(2_000);
  });

  test('100 levels are read, 101 are not', () => {
    expect(refused('['.repeat(100) + ']'.repeat(100))).toBe('accepted');
    expect(refused('['.repeat(101) + ']'.repeat(101))).toBe('JSON_DEPTH: it is nested deeper than 100');
  });
});
