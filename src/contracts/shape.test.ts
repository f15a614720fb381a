import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { FINDINGS_MAX } from './report.ts';
import { checkShape, jsonSchemaOf, shapeOf, type CheckContext, type JsonSchema, type Shape } from './shape.ts';
import { parseYaml } from './yaml.ts';
import type { Tree } from './yaml-tree.ts';

function treeOf(yaml: string): Tree {
  const [document] = parseYaml(yaml, 's.yaml').documents;
  if (!document) throw new Error('empty');
  return document.tree;
}

function check<T>(schema: z.ZodType<T> | Shape<T>, yaml: string, context: Partial<CheckContext> = {}) {
  const shape = 'json' in schema ? schema : shapeOf(schema);
  return checkShape(shape, treeOf(yaml), { file: 's.yaml', at: [], ...context });
}
const brief = (schema: z.ZodType, yaml: string, context: Partial<CheckContext> = {}): string[] =>
  check(schema, yaml, context).findings.map(({ line, column, code }) => `${line}:${column} ${code}`);
const sentences = (schema: z.ZodType, yaml: string, context: Partial<CheckContext> = {}): string[] =>
  check(schema, yaml, context).findings.map(({ what, why, fix }) => `${what} | ${why} | ${fix}`);

const SHOP = z.strictObject({
  name: z
    .string()
    .describe('What it is called.')
    .meta({ examples: ['corner-shop'] }),
  size: z.number().optional(),
  kind: z.enum(['small', 'large']).optional(),
});

describe('a tree that has its shape', () => {
  it('is given as the schema reads it', () => {
    const schema = z.strictObject({ a: z.string().transform(Number), b: z.number().default(5) });
    expect(check(schema, '{ a: "7" }')).toEqual({ ok: true, value: { a: 7, b: 5 }, findings: [] });
  });

  it('may have any keys where the shape says so, and none that it does not name elsewhere', () => {
    const open = z.object({ any: z.record(z.string(), z.number()), whatever: z.unknown() }).partial();
    expect(brief(open, '{ any: { x: 1, y: 2 }, whatever: { z: 3 } }')).toEqual([]);
    expect(brief(open, '{ anny: { x: 1 } }')).toEqual(['1:3 KEY_UNKNOWN']);
    expect(check(open, '{ anny: { x: 1 } }').ok).toBe(false);
    expect(brief(z.looseObject({ a: z.number() }), '{ a: 1, b: 2 }')).toEqual([]);
    expect(brief(z.array(z.object({ a: z.number() })), '[{ a: 1 }, { a: 1, b: 2 }]')).toEqual(['1:20 KEY_UNKNOWN']);
    // Where a shape says nothing, anything may stand.
    expect(brief(open, '{ whatever: [1, { a: 2 }] }')).toEqual([]);
    expect(
      brief(z.object({ m: z.record(z.string(), z.object({ a: z.number() })) }), '{ m: { x: { a: 1, b: 2 } } }'),
    ).toEqual(['1:19 KEY_UNKNOWN']);
  });

  it('of one of several is not held against the others', () => {
    const either = z.union([z.object({ a: z.number() }), z.object({ b: z.number() })]);
    expect(brief(either, '{ b: 1 }')).toEqual([]);
    const mixed = z.union([z.string(), z.object({ b: z.number() })]);
    expect(brief(mixed, '{ b: 1, c: 2 }')).toEqual(['1:9 KEY_UNKNOWN']);
    expect(brief(mixed, 'text')).toEqual([]);
    const lists = z.union([z.array(z.object({ a: z.number() })), z.array(z.object({ b: z.number() }))]);
    expect(brief(lists, '[{ b: 1 }]')).toEqual([]);
  });
});

describe('what is missing', () => {
  it.each([
    ['{}', 'the file has no "name" | What it is called. | add "name: corner-shop"'],
    ['{ nam: x }', 'unknown key "nam" | the file takes name, size, kind | did you mean "name"?'],
  ])('of %s is told as: %s', (yaml, sentence) => {
    expect(sentences(SHOP, yaml)).toEqual([sentence]);
  });

  it('is told once: a key that was probably meant to be it says so itself', () => {
    expect(brief(z.object({ shop: SHOP }), '{ shop: { namee: x } }')).toEqual(['1:11 KEY_UNKNOWN']);
    // Too far away to have been meant.
    expect(brief(SHOP, '{ title: x }')).toEqual(['1:1 KEY_MISSING', '1:3 KEY_UNKNOWN']);
    expect(check(SHOP, '{ name: x, title: y }').findings).toMatchObject([{ fix: 'use one of these, or remove it' }]);
  });

  it('without an example is asked for by its name alone', () => {
    expect(sentences(z.strictObject({ size: z.number() }), '{}')).toEqual([
      'the file has no "size" | "size" is a number | add "size:"',
    ]);
  });

  it('and has a near name in a shape that ignores what it does not know is pointed out', () => {
    const loose = z.looseObject({ type: z.string() });
    expect(sentences(loose, '{ other: y, typ: x }')).toEqual([
      'the file has no "type" | "type" is a text | write "type" instead of "typ"',
    ]);
  });

  it('is not taken to be a key that the shape names too', () => {
    const near = z.looseObject({ type: z.string(), types: z.string().optional() });
    const nested = z.object({ a: z.object({ shop: near }) });
    expect(check(near, '{ types: x }').findings).toMatchObject([{ fix: 'add "type:"' }]);
    expect(check(nested, '{ a: { shop: { types: x } } }').findings).toMatchObject([{ fix: 'add "type:"' }]);
  });

  it('is a key also when only certain values would do', () => {
    expect(sentences(z.strictObject({ kind: z.enum(['a', 'b']) }), '{}')).toEqual([
      'the file has no "kind" | "kind" is a text | add "kind:"',
    ]);
  });

  it('is reported at the key of the thing that lacks it', () => {
    expect(brief(z.object({ shop: SHOP }), 'shop:\n  size: 1')).toEqual(['1:1 KEY_MISSING']);
    expect(brief(SHOP, '{}', { keyPlace: { line: 7, column: 3 } })).toEqual(['7:3 KEY_MISSING']);
  });
});

describe('a value', () => {
  const VALUES = z.strictObject({
    text: z.string(),
    count: z.number(),
    whole: z.int(),
    flag: z.boolean(),
    list: z.array(z.string()),
    map: z.strictObject({}),
    none: z.null(),
    either: z.union([z.string(), z.number()]),
    word: z.enum(['one', 'two']),
    fixed: z.literal('yes'),
    any: z.custom<number>((given) => given === 1),
  });
  const field = VALUES.partial();

  it.each([
    ['text: 5', '"text" is the number 5, not a text', 'put it in quotes: "5"'],
    ['text: true', '"text" is the value true, not a text', 'put it in quotes: "true"'],
    ['text: [a]', '"text" is a list, not a text', 'write a text'],
    ['text: ~', '"text" is empty, not a text', 'write a text'],
    ['count: x', '"count" is the text "x", not a number', 'write a number'],
    ['whole: x', '"whole" is the text "x", not a whole number', 'write a whole number'],
    ['flag: 1', '"flag" is the number 1, not true or false', 'write true or false'],
    ['list: a', '"list" is the text "a", not a list', 'write a list'],
    ['map: [a]', '"map" is a list, not a mapping', 'write a mapping'],
    ['none: 0', '"none" is the number 0, not null', 'write null'],
    ['either: [a]', '"either" is a list, not a text or a number', 'write a text or a number'],
    ['word: too', '"word" is the text "too"', 'did you mean "two"?'],
    ['word: xyz', '"word" is the text "xyz"', 'write one of these'],
    ['word: [one]', '"word" is a list', 'write one of these'],
    ['fixed: no', '"fixed" is the text "no"', 'write yes'],
    ['list: [a, 5]', '"list[1]" is the number 5, not a text', 'put it in quotes: "5"'],
  ])('%s of the wrong type is told as: %s', (yaml, what, fix) => {
    expect(check(field, yaml).findings).toMatchObject([{ what, fix }]);
  });

  it.each([
    ['min', z.string().min(1), "''", 'it must not be empty'],
    ['min', z.array(z.string()).min(1), '[]', 'it must not be empty'],
    ['min', z.string().min(3), 'ab', 'it needs at least 3'],
    ['max', z.string().max(3), 'abcd', 'it may have 3 at most'],
    ['max', z.array(z.string()).max(1), '[a, b]', 'it may have 1 at most'],
    ['min', z.number().min(3), '2', 'the least is 3'],
    ['min', z.number().min(1), '0', 'the least is 1'],
    ['max', z.number().max(3), '4', 'the most is 3'],
    ['url', z.url(), 'x', 'it is not a URL of that kind'],
    ['form', z.string().regex(/^a$/), 'b', 'it does not have the right form'],
    ['step', z.number().multipleOf(5), '3', 'it cannot be that'],
    ['own', z.string().regex(/^a$/, 'it is not an a\nas it should be'), 'b', 'it is not an a'],
    ['own', z.string().regex(/^a$/, 'this is Too short'), 'b', 'this is Too short'],
    ['own', z.string().refine(() => false, 'no text will do'), 'b', 'no text will do'],
  ])('that breaks the rule %#, %s, is told as such', (_, schema, yaml, fault) => {
    const [finding, ...more] = check(z.strictObject({ x: schema }), `x: ${yaml}`).findings;
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ code: 'VALUE_INVALID', line: 1, column: 4, fix: 'correct the value' });
    expect(finding?.what.endsWith(`: ${fault}`)).toBe(true);
  });

  it('of which several things are wrong is told the first', () => {
    const schema = z.strictObject({ x: z.string().min(3).regex(/^a$/), y: z.string().min(3) });
    expect(brief(schema, '{ x: b, y: b }')).toEqual(['1:6 VALUE_INVALID', '1:12 VALUE_INVALID']);
  });

  it('that is wrong is shown how to write, with the example of the shape', () => {
    const schema = z.strictObject({
      x: z
        .array(z.string())
        .min(1)
        .meta({ description: 'Several.', examples: [['a']] }),
    });
    expect(sentences(schema, 'x: []')).toEqual(['"x" is a list: it must not be empty | Several. | write e.g. ["a"]']);
    expect(sentences(schema, 'x: a')).toEqual(['"x" is the text "a", not a list | Several. | write e.g. ["a"]']);
  });

  it('is named from where the tree stands in its file', () => {
    expect(sentences(z.string(), '5')).toEqual([
      'the file is the number 5, not a text | the file is a text | put it in quotes: "5"',
    ]);
    expect(sentences(z.string(), '5', { at: ['a', 0] })).toEqual([
      '"a[0]" is the number 5, not a text | "a[0]" is a text | put it in quotes: "5"',
    ]);
  });

  it('is described by whichever of its shapes has words for it', () => {
    const schema = z.union([z.object({ a: z.number() }), z.object({ a: z.boolean().describe('Yes or no.') })]);
    expect(check(schema, '{ a: x }').findings).toMatchObject([{ why: 'Yes or no.' }]);
  });

  it('that a shape says nothing about is what is expected there', () => {
    expect(
      check(z.strictObject({ x: z.custom<number>((given) => given === 1, 'it is not one') }), 'x: 2').findings,
    ).toMatchObject([{ code: 'VALUE_INVALID', why: '"x" is what is expected here' }]);
  });
});

describe('a secret', () => {
  const schema = z.strictObject({ s: z.string().min(100), n: z.string(), l: z.string() }).partial();
  const secret = (): boolean => true;

  it.each([
    ['s: hush', '"s" is a text: it needs at least 100', 'correct the value'],
    ['n: 1234', '"n" is a number, not a text', 'write a text'],
    ['n: true', '"n" is a boolean, not a text', 'write a text'],
    ['n: ~', '"n" is empty, not a text', 'write a text'],
    ['l: [hush]', '"l" is a list, not a text', 'write a text'],
  ])('%s is not shown', (yaml, what, fix) => {
    expect(check(schema, yaml, { secret }).findings).toMatchObject([{ what, fix }]);
  });

  it('that is not there is said to be missing', () => {
    const needed = z.strictObject({ s: z.custom<string>((given) => given === 'x', 'it is not x') });
    expect(check(needed, '{}', { secret }).findings).toMatchObject([{ what: '"s" is missing: it is not x' }]);
  });
});

describe('names that are free', () => {
  const schema = z.strictObject({
    shops: z.record(z.string().regex(/^[a-z]+$/), z.number()).describe('By name.'),
  });

  it('have a form too, and are reported where they stand', () => {
    expect(sentences(schema, 'shops: { a: 1, 9: 2 }')).toEqual([
      '"9" cannot be a name here | By name. | use letters, digits, "-" and "_", beginning with a letter',
    ]);
    expect(brief(schema, 'shops: { a: 1, 9: 2 }')).toEqual(['1:16 NAME_INVALID']);
    expect(check(z.object({ town: schema }), 'town: { shops: { 9: 2 } }').findings).toMatchObject([
      { why: 'By name.' },
    ]);
    expect(sentences(schema, 'shops: { a: x }')).toEqual([
      '"shops.a" is the text "x", not a number | "shops.a" is a number | write a number',
    ]);
  });
});

describe('one of several shapes', () => {
  const either = z.strictObject({
    x: z.union([z.string(), z.strictObject({ a: z.number(), b: z.number().optional() })]),
  });

  it('is judged by the one that it resembles', () => {
    expect(brief(either, 'x: { a: y, c: 1 }')).toEqual(['1:9 TYPE_WRONG', '1:12 KEY_UNKNOWN']);
    expect(sentences(either, 'x: 5')).toEqual([
      '"x" is the number 5, not a text or a mapping | "x" is a text or a mapping | write a text or a mapping',
    ]);
    expect(brief(either, '{}')).toEqual(['1:1 KEY_MISSING']);
  });

  it('all of which hold is not looked into: what would be right is not said', () => {
    const json: JsonSchema = {
      properties: { x: { allOf: [{ $ref: '#/a' }, { $ref: '#/b' }] }, y: { allOf: [{ $ref: '#/a' }] } },
      a: { type: 'string' },
      b: { type: 'string' },
    };
    const schema = z.strictObject({ x: z.string(), y: z.string() });
    expect(check({ schema, json }, '{ x: 1, y: 2 }').findings).toMatchObject([
      { what: '"x" is the number 1, not what is expected here' },
      { what: '"y" is the number 2, not a text' },
    ]);
  });

  it('that breaks a rule of one is told so', () => {
    expect(brief(z.strictObject({ x: z.union([z.string().min(1), z.number()]) }), "x: ''")).toEqual([
      '1:4 VALUE_INVALID',
    ]);
    const texts = z.union([z.string().min(3), z.string().regex(/^a/)]);
    expect(check(texts, 'b').findings).toMatchObject([{ what: 'the file is the text "b": it needs at least 3' }]);
  });
});

describe('findings', () => {
  it('are bounded, whatever a file holds', () => {
    const items = Array.from({ length: 3 * FINDINGS_MAX }, () => '{ b: x }').join();
    const { findings } = check(z.array(z.strictObject({ a: z.number() })), `[${items}]`);
    expect(findings.length).toBeGreaterThan(FINDINGS_MAX / 2);
    expect(findings.length).toBeLessThanOrEqual(2 * FINDINGS_MAX + 2);
  });

  it('of unknown keys are bounded too', () => {
    const keys = Array.from({ length: 3 * FINDINGS_MAX }, (_, i) => `key${i}: 1`).join();
    for (const schema of [z.strictObject({}), z.object({ a: z.number().optional() })]) {
      // One more than are told, so that it is said that there are more.
      expect(check(schema, `{ ${keys} }`).findings).toHaveLength(FINDINGS_MAX + 1);
    }
  });

  it('can be put in better words by who knows what the value is for', () => {
    const words: CheckContext['words'] = (code, path) =>
      code === 'KEY_MISSING' && path.join('.') === 'name' ? { code: 'NAMELESS', fix: 'call it something' } : null;
    expect(check(SHOP, '{}', { words }).findings).toMatchObject([
      { code: 'NAMELESS', why: 'What it is called.', fix: 'call it something' },
    ]);
    expect(brief(SHOP, '{ name: 5 }', { words })).toEqual(['1:9 TYPE_WRONG']);
  });
});

describe('the JSON Schema of a shape', () => {
  it('keeps the examples and the defaults that people write, before they are transformed', () => {
    const schema = z.strictObject({
      ttl: z
        .string()
        .transform(Number)
        .meta({ examples: ['10m'] }),
      size: z.number().default(5),
      name: z.string().prefault('x'),
    });
    expect(jsonSchemaOf(schema).properties).toMatchObject({
      ttl: { type: 'string', examples: ['10m'] },
      size: { type: 'number', default: 5 },
      name: { type: 'string', default: 'x' },
    });
  });

  it('that refers to itself is followed as far as there is something to follow', () => {
    interface Node {
      children?: Node[] | undefined;
    }
    const node: z.ZodType<Node> = z
      .lazy(() => z.strictObject({ children: z.array(node).optional() }))
      .meta({ id: 'node' });
    expect(brief(z.strictObject({ root: node }), 'root: { children: [{ childen: [] }] }')).toEqual([
      '1:22 KEY_UNKNOWN',
    ]);
    const open: z.ZodType<Node> = z.lazy(() => z.object({ children: z.array(open).optional() })).meta({ id: 'open' });
    expect(brief(z.object({ root: open }), 'root: { children: [{ childen: [] }] }')).toEqual(['1:22 KEY_UNKNOWN']);
    // By hand, one that refers to nothing, and one that is nothing but references in a circle.
    const nowhere = { $ref: '#/no/where' };
    expect(check({ schema: z.never(), json: nowhere }, '{ x: 1 }').findings).toMatchObject([
      { what: 'the file is a mapping, not what is expected here' },
    ]);
    const json = { $ref: '#/a', a: { $ref: '#/b' }, b: { $ref: '#/a' } };
    expect(check({ schema: z.never(), json }, '{ x: 1 }').findings).toMatchObject([
      { code: 'TYPE_WRONG', what: 'the file is a mapping, not what is expected here' },
    ]);
  });
});
