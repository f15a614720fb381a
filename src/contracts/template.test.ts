import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../model/json.ts';
import type { Frame, Image } from './field.ts';
import { couldGive, fillTemplate, parseTemplate, TARGET_MAX, type Template } from './template.ts';

function template(text: string, inLoop = false): Template {
  const parsed = parseTemplate(text, inLoop);
  if (!parsed.ok) throw new Error(parsed.mistakes.map((mistake) => mistake.what).join());
  return parsed.template;
}

const image = (data: JsonValue): Image => ({
  event: { id: '1', type: 'product.updated', source: 'app', data },
  isBefore: false,
});
const fill = (text: string, frame: Frame): unknown => {
  const filled = fillTemplate(template(text), frame);
  return filled.state === 'text' ? filled.text : filled.state === 'problem' ? filled.code : null;
};

describe('a template', () => {
  it.each<[string, JsonValue, string]>([
    ['product:{product_id}', { product_id: 42 }, 'product:42'],
    ['p:{a.b}', { a: { b: 'x' } }, 'p:x'],
    ['p:{items[0].id}', { items: [{ id: 7 }] }, 'p:7'],
    ['p:{a}-{b}', { a: true, b: 1.5 }, 'p:true-1.5'],
    ['p:{n}', { n: -0 }, 'p:0'],
    ['p:{n}', { n: 1e21 / 1e20 }, 'p:10'],
    ['p:{n}', { n: '12345678901234567890' }, 'p:12345678901234567890'],
    ['p{{x}}:{a}', { a: 1 }, 'p{x}:1'],
    ['p:{before.id}', { before: { id: 3 } }, 'p:3'],
    ['p:{$.type}:{$.source}', {}, 'p:product.updated:app'],
    ['literal', {}, 'literal'],
    // Raw, because the key must equal the one that the application builds.
    ['p:{a}', { a: '*?[a]:..%20 {a} {{a}}' }, 'p:*?[a]:..%20 {a} {{a}}'],
    ['p:{a}', { a: '😀é' }, 'p:😀é'],
    ['p:{a}', { a: ' ~\u00a0\ue000' }, 'p: ~\u00a0\ue000'],
    ['p:{a}', { a: '\ud800\udc00\udbff\udfff' }, 'p:\ud800\udc00\udbff\udfff'],
    ['p:{a}', { a: 'x'.repeat(TARGET_MAX - 2) }, `p:${'x'.repeat(TARGET_MAX - 2)}`],
    ['p'.repeat(TARGET_MAX), {}, 'p'.repeat(TARGET_MAX)],
    ['p:{item}', { item: 1 }, 'p:1'],
  ])('%s of %j is %s', (text, data, expected) => {
    expect(fill(text, image(data))).toBe(expected);
  });

  it.each<[string, JsonValue, string]>([
    ['p:{a}', {}, 'FIELD_MISSING'],
    ['p:{a}', null, 'FIELD_MISSING'],
    ['p:{a}', 'text', 'FIELD_MISSING'],
    ['p:{toString}', {}, 'FIELD_MISSING'],
    ['p:{a.length}', { a: [1] }, 'FIELD_MISSING'],
    ['p:{$.subject}', {}, 'FIELD_MISSING'],
    ['p:{a}', { a: null }, 'FIELD_NULL'],
    ['p:{a}', { a: '' }, 'FIELD_EMPTY'],
    ['p:{a}', { a: [] }, 'FIELD_NOT_SCALAR'],
    ['p:{a}', { a: {} }, 'FIELD_NOT_SCALAR'],
    ['p:{a}', { a: 2 ** 53 }, 'FIELD_INEXACT'],
    ['p:{a}', { a: 1e300 }, 'FIELD_INEXACT'],
    ['p:{a}', { a: 'a\nb' }, 'FIELD_UNSAFE'],
    ['p:{a}', { a: 'a\0b' }, 'FIELD_UNSAFE'],
    ['p:{a}', { a: 'a\u0085b' }, 'FIELD_UNSAFE'],
    ['p:{a}', { a: 'a\u007fb' }, 'FIELD_UNSAFE'],
    ['p:{a}', { a: 'a\u009fb' }, 'FIELD_UNSAFE'],
    ['p:{a}', { a: '\ud800\ue000' }, 'FIELD_UNSAFE'],
    ['p:{a}', { a: '\ud800a' }, 'FIELD_UNSAFE'],
    ['p:{a}', { a: '\udc00\udc00' }, 'FIELD_UNSAFE'],
    ['p:{a}', { a: '\udfff' }, 'FIELD_UNSAFE'],
    ['p:{a}', { a: 'x'.repeat(TARGET_MAX - 1) }, 'TARGET_TOO_LONG'],
    ['p:{a}', { a: '\ud800' }, 'FIELD_UNSAFE'],
    ['p:{a}', { a: '\udc00\ud800' }, 'FIELD_UNSAFE'],
    ['p:{a}', { a: 'x'.repeat(TARGET_MAX) }, 'TARGET_TOO_LONG'],
    ['p:{a}{a}', { a: 'x'.repeat(600) }, 'TARGET_TOO_LONG'],
  ])('%s of %j is the problem %s, never a made-up key', (text, data, code) => {
    expect(fill(text, image(data))).toBe(code);
  });

  it.each<[JsonValue, string]>([
    [{}, '{a}: the event has no such field'],
    [{ a: null }, '{a} is null'],
    [{ a: '' }, '{a} is empty'],
    [{ a: [] }, '{a} is an array'],
    [{ a: {} }, '{a} is an object'],
    [{ a: '\n' }, '{a} holds a control character'],
  ])('names the field that cannot be put in, and why: %j', (data, message) => {
    expect(fillTemplate(template('p:{a}'), image(data))).toMatchObject({ state: 'problem', message });
  });

  it('of a side that the row does not have is nothing', () => {
    const event = { id: '1', type: 't', source: 's', data: {} };
    const row = { relation: 'r', op: 'created', before: null, after: { a: 1 }, beforeHas: 'none' } as const;
    expect(fillTemplate(template('p:{before.a}'), { event: { ...event, row }, isBefore: false })).toEqual({
      state: 'nothing',
    });
  });

  it('that is empty is told as that alone', () => {
    const parsed = parseTemplate('', false);
    expect(parsed.ok ? [] : parsed.mistakes.map(({ what }) => what)).toEqual(['the template is empty']);
  });

  it('with an optional field is nothing when the field has no value', () => {
    for (const data of [{}, { a: null }, { a: '' }]) expect(fill('p:{a?}', image(data))).toBeNull();
    expect(fillTemplate(template('p:{a?}'), image({}))).toEqual({ state: 'nothing' });
    expect(fillTemplate(template('p:{a?}'), image({ a: null }))).toEqual({ state: 'nothing' });
    expect(fill('p:{a?}', image({ a: 0 }))).toBe('p:0');
    expect(fill('p:{a?}', image({ a: [] }))).toBe('FIELD_NOT_SCALAR');
  });

  it.each([
    ['{a}', 'TEMPLATE_NO_PREFIX', 0],
    ['{a}:x', 'TEMPLATE_NO_PREFIX', 0],
    ['p:{a', 'TEMPLATE_BRACE', 2],
    ['p:a}', 'TEMPLATE_BRACE', 3],
    ['p:{}', 'TEMPLATE_FIELD', 2],
    ['p:{a b}', 'TEMPLATE_FIELD', 2],
    ['p:{a{b}}', 'TEMPLATE_FIELD', 2],
    ['p:{__proto__}', 'TEMPLATE_FIELD', 2],
    ['p:{$.data}', 'TEMPLATE_FIELD', 2],
    ['p:{$x}', 'TEMPLATE_FIELD', 2],
    ['}', 'TEMPLATE_BRACE', 0],
    ['p:\ud83d{a}\ude00', 'TEMPLATE_INVALID', 0],
    ['', 'TEMPLATE_INVALID', 0],
    ['p\u0007', 'TEMPLATE_INVALID', 0],
    ['p'.repeat(TARGET_MAX + 1), 'TEMPLATE_INVALID', 0],
  ])('written %j is refused as %s', (text, code, at) => {
    const parsed = parseTemplate(text, false);
    expect(parsed.ok ? [] : parsed.mistakes).toContainEqual(expect.objectContaining({ code, at }));
  });
});

const value = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom('{a}', '{{a}}', '{before.a}', '*', '', 'a:b', '}', '{', '\n', '\ud800'),
  fc.integer(),
  fc.boolean(),
  fc.double(),
  fc.constant(null),
  fc.jsonValue({ maxDepth: 2 }),
) as fc.Arbitrary<JsonValue>;
const literal = fc.string({
  unit: fc.constantFrom('a', ':', '-', 'é', '😀', '/', '.', '*'),
  minLength: 1,
  maxLength: 4,
});
const names = ['a', 'b', 'c'] as const;
const templateText = fc
  .tuple(
    literal,
    fc.array(
      fc.oneof(
        literal,
        fc.constantFrom(...names).map((name) => `{${name}}`),
      ),
      { maxLength: 6 },
    ),
  )
  .map(([first, rest]) => first + rest.join(''));
const data = fc.record({ a: value, b: value, c: value }) as fc.Arbitrary<Record<string, JsonValue>>;

/** What a scalar looks like in a key; anything else must not get there. */
const shown = (of: JsonValue | undefined): string => (typeof of === 'object' ? 'never' : String(of));

describe('filling', () => {
  it('puts every value in once and raw: the output is the literals with the values between them, or a problem', () => {
    fc.assert(
      fc.property(templateText, data, (text, given) => {
        const filled = fillTemplate(template(text), image(given));
        if (filled.state !== 'text') return;
        const expected = text.replaceAll(/\{(\w)\}/g, (_, name: string) => shown(given[name]));
        expect(filled.text).toBe(expected);
        expect(filled.text).not.toMatch(/undefined|\[object/);
      }),
      { numRuns: 2_000 },
    );
  });

  it('gives only texts that the reverse matcher finds', () => {
    fc.assert(
      fc.property(templateText, data, (text, given) => {
        const filled = fillTemplate(template(text), image(given));
        if (filled.state === 'text') expect(couldGive(template(text), filled.text)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the reverse matcher', () => {
  it('agrees with a regular expression', () => {
    const small = fc.string({ unit: fc.constantFrom('a', 'b', ':'), maxLength: 8 });
    const parts = fc.array(fc.oneof(fc.constantFrom('a', 'b', ':', 'ab', 'a:'), fc.constant('{x}')), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(parts, small, (pieces, text) => {
        const pattern = `a${pieces.join('')}`;
        const expression = new RegExp(`^${pattern.replaceAll('{x}', '.+')}$`, 'su');
        expect(couldGive(template(pattern), text)).toBe(expression.test(text));
      }),
      { numRuns: 2_000 },
    );
  });
});
