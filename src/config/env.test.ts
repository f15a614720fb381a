import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Report } from '../contracts/report.ts';
import { plainOf } from '../contracts/tree.ts';
import { parseYaml } from '../contracts/yaml.ts';
import { maskReferences, resolveTree, unmask, unmaskTree, type Env } from './env.ts';

function resolve(text: string, env: Env): { value: unknown; codes: string[]; fixes: string[] } {
  const report = new Report('e.yaml');
  const tree = parseYaml(maskReferences(text), 'e.yaml').documents[0]?.tree;
  const value = tree ? plainOf(resolveTree(unmaskTree(tree), env, report)) : null;
  return { value, codes: report.findings.map(({ code }) => code), fixes: report.findings.map(({ fix }) => fix) };
}

describe('a variable', () => {
  it.each<[string, Env, unknown]>([
    ['a: ${X}', { X: 'v' }, { a: 'v' }],
    ['{ a: ${X}, b: ${Y} }', { X: 'v', Y: 'w' }, { a: 'v', b: 'w' }],
    ['[${X}, "${X}"]', { X: 'v' }, ['v', 'v']],
    ['a: http://${HOST}:${PORT}/x', { HOST: 'h', PORT: '80' }, { a: 'http://h:80/x' }],
    ['a: ${X:-d}', {}, { a: 'd' }],
    ['a: ${X:-d}', { X: '' }, { a: 'd' }],
    ['a: ${X}', { X: '' }, { a: '' }],
    ['{ a: ${X:-http://h:80/?b=[1,2]#c} }', {}, { a: 'http://h:80/?b=[1,2]#c' }],
    ['{ a: ${X:-}, b: 1 }', {}, { a: '', b: 1 }],
    ['a: $${X}', { X: 'v' }, { a: '${X}' }],
    ['a: costs $5', {}, { a: 'costs $5' }],
    ["a: '${X}' # ${Y}", { X: 'v' }, { a: 'v' }],
  ])('%s with %j', (text, env, expected) => {
    expect(resolve(text, env)).toMatchObject({ value: expected, codes: [] });
  });

  it('that is missing is an error that names it, and the one that was meant', () => {
    expect(resolve('a: ${DATABASE_ULR}', { DATABASE_URL: 'x' })).toMatchObject({
      codes: ['ENV_MISSING'],
      fixes: ['set DATABASE_ULR; did you mean "DATABASE_URL"?'],
    });
  });

  it('is never one that every object has', () => {
    expect(resolve('a: ${constructor}', {}).codes).toEqual(['ENV_MISSING']);
  });

  it.each(['a: ${1X}', 'a: "${"', 'a: ${X Y}', 'a: ${}', 'a: "${X"', 'a: ${X-d}'])('written %s is an error', (text) => {
    expect(resolve(text, { X: 'v' }).codes).toEqual(['ENV_SYNTAX']);
  });

  it('stays one scalar, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]:,#\n "\'&*!|>-?%@`a${}'), maxLength: 30 }), (value) => {
        for (const text of ['a: ${X}\nb: 1', '{ a: ${X}, b: 1 }', 'a: "${X}"\nb: 1']) {
          expect(resolve(text, { X: value }).value).toEqual({ a: value, b: 1 });
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is not resolved again in the value of another', () => {
    expect(resolve('a: ${X}', { X: '${Y}', Y: 'secret' }).value).toEqual({ a: '${Y}' });
  });

  it('is not a key', () => {
    expect(resolve('${X}: 1', { X: 'v' }).value).toEqual({ '${X}': 1 });
  });
});

it('masking takes what stands within a reference with it, once', () => {
  expect(maskReferences('a: ${${}, b: ${X}')).toHaveLength(17);
  expect(unmask(maskReferences('a: ${${}, b: ${X}'))).toBe('a: ${${}, b: ${X}');
});

it('masking moves nothing and is undone exactly', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'${}[]:,#-aX \n"'), maxLength: 60 }), (text) => {
      const masked = maskReferences(text);
      expect(masked).toHaveLength(text.length);
      expect(unmask(masked)).toBe(text);
      expect(masked.split('\n').map(({ length }) => length)).toEqual(text.split('\n').map(({ length }) => length));
    }),
    { numRuns: 2_000 },
  );
});
