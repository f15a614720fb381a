import { describe, expect, it } from 'vitest';
import type { Condition } from './condition.ts';
import { Report } from './report.ts';
import { parseWhen } from './when.ts';
import { parseYaml } from './yaml.ts';

/** The filter, or what is wrong with it. */
function read(yaml: string, inLoop = false): Condition | string[] | null {
  const [document] = parseYaml(yaml, 'w.yaml').documents;
  if (!document) throw new Error('empty');
  const report = new Report('w.yaml');
  const condition = parseWhen(document.tree, report, inLoop);
  return report.findings.length > 0
    ? report.findings.map(({ line, column, code, what }) => `${line}:${column} ${code} ${what}`)
    : condition;
}

describe('a filter', () => {
  it('is one test, or all of several', () => {
    expect(read('{ a: 1 }')).toMatchObject({ kind: 'test', field: { steps: ['a'] }, test: { op: 'in', values: [1] } });
    expect(read('{ a: { gt: 1, lte: 5 } }')).toMatchObject({
      kind: 'all',
      of: [{ test: { op: 'gt', value: 1 } }, { test: { op: 'lte', value: 5 } }],
    });
    expect(read('{ a: [x, ~], b: { not: y, exists: true } }')).toMatchObject({
      kind: 'all',
      of: [
        { kind: 'test', test: { op: 'in', values: ['x', null] } },
        {
          kind: 'all',
          of: [{ kind: 'not', of: { test: { op: 'in', values: ['y'] } } }, { test: { op: 'exists', value: true } }],
        },
      ],
    });
    expect(read('{ any: [{ a: 1 }, { b: 2 }], all: [{ c: 3 }], not: { d: 4 } }')).toMatchObject({
      kind: 'all',
      of: [
        { kind: 'any', of: [{ kind: 'test' }, { kind: 'test' }] },
        { kind: 'all', of: [{ kind: 'test' }] },
        { kind: 'not', of: { kind: 'test' } },
      ],
    });
  });

  it.each(['{ all: [1, 2] }', '{ any: [x, { a: 1 }] }', '{ not: x }', '{ not: [x] }'])(
    'may test a field that is named like a word of filters: %s',
    (yaml) => {
      const read_ = read(yaml);
      if (yaml.includes('{ a: 1 }')) expect(read_).toEqual(['1:12 WHEN_VALUE a value is a mapping']);
      else expect(read_).toMatchObject({ kind: 'test', test: { op: 'in' } });
    },
  );

  it('reads the item of a loop only where there is one', () => {
    expect(read('{ item.a: 1 }', true)).toMatchObject({ field: { scope: 'item' } });
    expect(read('{ item.a: 1 }', false)).toMatchObject({ field: { scope: 'plain' } });
    expect(read('{ not: { item.a: 1 } }', true)).toMatchObject({ of: { field: { scope: 'item' } } });
    expect(read('{ any: [{ item.a: 1 }] }', true)).toMatchObject({ of: [{ field: { scope: 'item' } }] });
  });

  it.each([
    ['published', ['1:1 WHEN_INVALID the filter is the text "published", not a mapping']],
    ['{}', ['1:1 WHEN_INVALID the filter is an empty mapping, not a mapping']],
    ['[{ a: 1 }]', ['1:1 WHEN_INVALID the filter is a list, not a mapping']],
    ['{ a..b: 1 }', ['1:3 WHEN_FIELD "a..b" does not name a field: "." cannot stand here']],
    ['{ a: {} }', ['1:6 WHEN_INVALID the test of "a" is empty']],
    ['{ a: { eq: 1 } }', ['1:8 WHEN_OPERATOR unknown test "eq"']],
    ['{ a: [] }', ['1:6 WHEN_VALUE the list of values is empty']],
    ['{ a: { in: [] } }', ['1:12 WHEN_VALUE the list of values is empty']],
    ['{ a: { not: [] } }', ['1:13 WHEN_VALUE the list of values is empty']],
    ['{ a: [{ b: 1 }] }', ['1:7 WHEN_VALUE a value is a mapping']],
    ['{ any: [] }', ['1:8 WHEN_VALUE the list of values is empty']],
    ['{ a: [[1], 2, { b: 3 }] }', ['1:7 WHEN_VALUE a value is a list', '1:15 WHEN_VALUE a value is a mapping']],
    ['{ a: { gt: true } }', ['1:12 WHEN_VALUE "gt" is the value true']],
    ['{ a: { gte: ~ } }', ['1:13 WHEN_VALUE "gte" is empty']],
    ['{ a: { lt: [1] } }', ['1:12 WHEN_VALUE "lt" is a list']],
    ['{ a: { exists: 1 } }', ['1:16 WHEN_VALUE "exists" is the number 1']],
    ['{ a: { changed: [true] } }', ['1:17 WHEN_VALUE "changed" is a list']],
    // A number whose last digits are lost would be compared with another one.
    ['{ a: 9007199254740993 }', ['1:6 WHEN_VALUE the number 9007199254740993 is beyond 2^53']],
    ['{ a: { gt: 9007199254740993 } }', ['1:12 WHEN_VALUE the number 9007199254740993 is beyond 2^53']],
    ['{ a: { in: [1, 9007199254740993] } }', ['1:16 WHEN_VALUE the number 9007199254740993 is beyond 2^53']],
    // All mistakes are told, wherever they stand.
    [
      '{ a: { x: 1, gt: ~ }, any: [{ b: [] }, { c..d: 1 }], not: {} }',
      [
        '1:8 WHEN_OPERATOR unknown test "x"',
        '1:18 WHEN_VALUE "gt" is empty',
        '1:34 WHEN_VALUE the list of values is empty',
        '1:42 WHEN_FIELD "c..d" does not name a field: "." cannot stand here',
        '1:59 WHEN_INVALID the filter is an empty mapping, not a mapping',
      ],
    ],
  ])('%s is told as %j', (yaml, mistakes) => {
    expect(read(yaml)).toEqual(mistakes);
  });

  it.each(['{ a: 9007199254740991 }', '{ a: { gt: "9007199254740993" } }', '{ a: -1.5 }', '{ a: { lt: 0.1 } }'])(
    'compares with a number that is what was written: %s',
    (yaml) => {
      expect(read(yaml)).toMatchObject({ kind: 'test' });
    },
  );

  it('may name its values in a test too', () => {
    expect(read('{ a: { in: [1, x] } }')).toMatchObject({ kind: 'test', test: { op: 'in', values: [1, 'x'] } });
  });

  it('with one mistake is none at all, so that nothing is planned by half of it', () => {
    const report = new Report('w.yaml');
    for (const yaml of [
      '{ a: [1, [2]] }',
      '{ a: [1, 9007199254740993] }',
      '{ a: { gt: 9007199254740993 } }',
      '{ a: 1, b: [] }',
      '{ any: [{ a: 1 }, { b: [] }] }',
      '{ not: { b: [] } }',
      '{ a: { gt: 1, lt: ~ } }',
    ])
      expect(parseWhen(parseYaml(yaml, 'w.yaml').documents[0]!.tree, report, false)).toBeNull();
    expect(report.errors).toBe(7);
  });
});
