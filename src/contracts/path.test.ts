import { describe, expect, it } from 'vitest';
import { parsePath, valueAt } from './path.ts';

const steps = (text: string): unknown => {
  const parsed = parsePath(text);
  return parsed.ok ? parsed.steps : parsed.why;
};

describe('a path', () => {
  it.each([
    ['a', ['a']],
    ['a.b', ['a', 'b']],
    ['items[0].id', ['items', 0, 'id']],
    ['m[1][2]', ['m', 1, 2]],
    ['ключ.naïve-name', ['ключ', 'naïve-name']],
    ['constructor', ['constructor']],
    ['a.prototype', ['a', 'prototype']],
    ['a[999999]', ['a', 999_999]],
    [Array(32).fill('a').join('.'), Array(32).fill('a')],
  ])('reads %s', (text, expected) => {
    expect(steps(text)).toEqual(expected);
  });

  it.each([
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    '[0]',
    'a[',
    'a[]',
    'a[x]',
    'a[-1]',
    'a[12',
    'a[0]b',
    'a[0]bc',
    ...Array.from(' \t\n\r{}"\'', (char) => `a${char}b`),
    'a]',
    'a[1234567]',
    '__proto__',
    'a.__proto__.b',
    'constructor.prototype',
    Array(33).fill('a').join('.'),
  ])('refuses %j', (text) => {
    expect(steps(text)).toBeTypeOf('string');
  });

  it.each([
    ['a.', 'it ends with a dot'],
    ['a..', '"." cannot stand here'],
    ['a b', '" " cannot stand here'],
    ['a[0]b', '"b" cannot stand here'],
    ['a[12', '"[12" is not an index such as [0]'],
  ])('says of %j what is wrong with it: %s', (text, why) => {
    expect(steps(text)).toBe(why);
  });

  it('sees own properties and real elements only', () => {
    const at = (data: unknown, text: string): unknown => {
      const parsed = parsePath(text);
      return parsed.ok ? valueAt(data as never, parsed.steps) : undefined;
    };
    expect(at({ a: { b: [1, { c: 2 }] } }, 'a.b[1].c')).toBe(2);
    expect(at({ a: null }, 'a')).toBeNull();
    expect(at({}, 'toString')).toBeUndefined();
    expect(at({}, 'constructor.name')).toBeUndefined();
    expect(at({ a: [1] }, 'a.length')).toBeUndefined();
    expect(at({ a: 'text' }, 'a.length')).toBeUndefined();
    expect(at({ a: 'text' }, 'a[0]')).toBeUndefined();
    expect(at({ a: { 0: 'x' } }, 'a[0]')).toBeUndefined();
    expect(at(JSON.parse('{"__proto__": {"x": 1}}'), 'x')).toBeUndefined();
    expect(at(null, 'a')).toBeUndefined();
  });
});
