import { describe, expect, it } from 'vitest';
import type { ChangeEvent, RowChange } from '../model/event.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import { judge, type Condition, type Verdict } from './condition.ts';
import { imagesOf } from './field.ts';
import { Report } from './report.ts';
import { parseWhen } from './when.ts';
import { parseYaml } from './yaml.ts';

function condition(yaml: string): Condition {
  const tree = parseYaml(yaml, 'w.yaml').documents[0]?.tree;
  const report = new Report('w.yaml');
  const parsed = tree ? parseWhen(tree, report, false) : null;
  if (!parsed) throw new Error(JSON.stringify(report.findings));
  return parsed;
}

function of(data: JsonValue, row?: RowChange): ChangeEvent {
  return { id: '1', type: 'a.b', source: 'app', subject: 's', data, ...(row ? { row } : {}) };
}
const verdicts = (yaml: string, event: ChangeEvent): Verdict[] =>
  imagesOf(event).map((image) => judge(condition(yaml), image));

it('whether an attribute has changed cannot be told, whatever columns the row has', () => {
  const row = { relation: 'r', op: 'updated', beforeHas: 'full' } as const;
  const event = of({}, { ...row, before: { subject: 'a' }, after: { subject: 'a' } });
  expect(verdicts('$.subject: { changed: true }', event)).toEqual(['unknown', 'unknown']);
});

describe('a filter', () => {
  it.each<[string, JsonValue, Verdict]>([
    ['a: 1', { a: 1 }, 'yes'],
    ['a: 1', { a: '1' }, 'yes'],
    ['a: 1.5', { a: '1.50' }, 'yes'],
    ['a: "1"', { a: 1 }, 'yes'],
    ['a: 1', { a: '01x' }, 'no'],
    ['a: 0', { a: '' }, 'no'],
    ['a: true', { a: true }, 'yes'],
    ['a: true', { a: 'true' }, 'yes'],
    ['a: true', { a: 1 }, 'no'],
    ['a: null', { a: null }, 'yes'],
    ['a: null', {}, 'no'],
    ['a: null', { a: 0 }, 'no'],
    ['a: "null"', { a: null }, 'no'],
    ['a: x', { a: ['x'] }, 'no'],
    ['a: x', {}, 'no'],
    ['a.b: x', { a: { b: 'x' } }, 'yes'],
    ['a: null', { a: 'null' }, 'no'],
    ['a: "null"', { a: null }, 'no'],
    ['a: "1.0"', { a: '1.00' }, 'no'],
    ['a: true', { a: '1' }, 'no'],
    ['a: 1', { a: true }, 'no'],
    ['any: [{ a: 1 }, { b: 2 }]', { a: 2, b: 3 }, 'no'],
    ['a: [x, 2]', { a: 2 }, 'yes'],
    ['a: [x, 2]', { a: 3 }, 'no'],
    ['a: { in: [x] }', { a: 'x' }, 'yes'],
    ['a: { not: x }', { a: 'y' }, 'yes'],
    ['a: { not: x }', {}, 'yes'],
    ['a: { not: [x, y] }', { a: 'y' }, 'no'],
    ['a: { gt: 10 }', { a: 11 }, 'yes'],
    ['a: { gt: 10 }', { a: 10 }, 'no'],
    ['a: { gte: 10, lt: 20 }', { a: '10' }, 'yes'],
    ['a: { gte: 10, lt: 20 }', { a: 20 }, 'no'],
    ['a: { lte: 10 }', { a: null }, 'no'],
    ['a: { lte: 10 }', { a: 10 }, 'yes'],
    ['a: { lte: 10 }', { a: 10.5 }, 'no'],
    ['a: { gte: 10 }', { a: 9 }, 'no'],
    ['a: { lt: 10 }', { a: 10 }, 'no'],
    ['a: { lt: 10 }', { a: 9 }, 'yes'],
    ['a: { gt: 10 }', { a: true }, 'unknown'],
    ['a: { gt: 10 }', { a: ' ' }, 'unknown'],
    ['a: { gt: 10 }', { a: [11] }, 'unknown'],
    ['a: { gt: b }', { a: 'a' }, 'no'],
    ['a: { gt: b }', { a: 'b' }, 'no'],
    ['a: { gte: b }', { a: 'b' }, 'yes'],
    ['a: { lt: b }', { a: 'a' }, 'yes'],
    ['a: { lt: b }', { a: 'b' }, 'no'],
    ['a: { lte: b }', { a: 'c' }, 'no'],
    ['a: { lte: 10 }', {}, 'no'],
    ['a: { gt: "2026-01-01" }', { a: '2026-02-01' }, 'yes'],
    // No order between a text and a number: the filter cannot tell.
    ['a: { gt: 10 }', { a: 'many' }, 'unknown'],
    ['a: { gt: 10 }', { a: '' }, 'unknown'],
    ['a: { gt: "x" }', { a: 1 }, 'unknown'],
    ['a: { exists: true }', { a: null }, 'yes'],
    ['a: { exists: false }', {}, 'yes'],
    ['a: { changed: true }', { a: 1 }, 'unknown'],
    ['{ a: 1, b: 2 }', { a: 1, b: 3 }, 'no'],
    ['any: [{ a: 1 }, { b: 2 }]', { a: 2, b: 2 }, 'yes'],
    ['all: [{ a: 1 }, { b: 2 }]', { a: 2, b: 2 }, 'no'],
    ['not: { a: 1 }', { a: 1 }, 'no'],
    ['not: { a: { gt: 1 } }', { a: 'x' }, 'unknown'],
    ['any: [{ a: { gt: 1 } }, { b: 2 }]', { a: 'x', b: 2 }, 'yes'],
    ['all: [{ a: { gt: 1 } }, { b: 2 }]', { a: 'x', b: 3 }, 'no'],
    ['all: [{ a: { gt: 1 } }, { b: 2 }]', { a: 'x', b: 2 }, 'unknown'],
    ['$.subject: s', {}, 'yes'],
    ['$.time: { exists: true }', {}, 'no'],
    // The names of the logical words are fields too, when their value is no mapping.
    ['all: 1', { all: 1 }, 'yes'],
    ['not: x', { not: 'x' }, 'yes'],
  ])('%s on %j: %s', (yaml, data, expected) => {
    expect(verdicts(yaml, of(data))).toEqual([expected]);
  });

  const change = (before: JsonObject | null, after: JsonObject | null, rest: Partial<RowChange> = {}): ChangeEvent =>
    of(after ?? {}, { relation: 't', op: 'updated', before, after, beforeHas: 'full', ...rest });

  it.each<[string, JsonValue | undefined, JsonValue | undefined, Verdict]>([
    ['another number', 1, 2, 'yes'],
    ['the same', 1, 1, 'no'],
    ['another type', 1, '1', 'yes'],
    ['null from a value', 1, null, 'yes'],
    ['an object from null', null, { x: 1 }, 'yes'],
    ['null from an object', { x: 1 }, null, 'yes'],
    ['an empty object from a number', 5, {}, 'yes'],
    ['a number from an empty object', {}, 5, 'yes'],
    ['the same object', { x: 1 }, { x: 1 }, 'no'],
    ['equal objects', { x: [1, { y: 2 }] }, { x: [1, { y: 2 }] }, 'no'],
    ['unequal objects', { x: [1, { y: 2 }] }, { x: [1, { y: 3 }] }, 'yes'],
    ['another key', { x: 1 }, { y: 1 }, 'yes'],
    ['an array for an object', [], {}, 'yes'],
    ['a longer array', [1], [1, 2], 'yes'],
  ])('of a change sees %s', (_, before, after, expected) => {
    const event = change({ a: before ?? null }, { a: after ?? null });
    expect(verdicts('a: { changed: true }', event)).toEqual([expected, expected]);
    const reverse = expected === 'yes' ? 'no' : 'yes';
    expect(verdicts('a: { changed: false }', event)).toEqual([reverse, reverse]);
  });

  it('of a change takes what it does not know as changed, perhaps', () => {
    expect(verdicts('a: { changed: true }', change({ id: 1 }, { id: 1, a: 1 }, { beforeHas: 'key' }))).toEqual([
      'unknown',
      'unknown',
    ]);
    expect(verdicts('a: { changed: true }', change({ a: 1 }, { a: 1 }, { unknown: ['a'] }))).toEqual([
      'unknown',
      'unknown',
    ]);
    expect(verdicts('a: { changed: true }', change(null, { a: 1 }, { op: 'created', beforeHas: 'none' }))).toEqual([
      'yes',
    ]);
    expect(verdicts('a: { changed: true }', change(null, { id: 1 }, { op: 'created' }))).toEqual(['yes']);
    expect(verdicts('a: { changed: false }', change({ a: 1 }, { a: 1 }, { unknown: ['a'] }))).toEqual([
      'unknown',
      'unknown',
    ]);
    expect(verdicts('$.subject: { changed: true }', change({ a: 1 }, { a: 1 }))).toEqual(['unknown', 'unknown']);
    expect(verdicts('a: { changed: true }', change({ a: 1 }, null, { op: 'deleted' }))).toEqual(['yes']);
    expect(verdicts('a: { changed: true }', change(null, null, { op: 'truncated' }))).toEqual(['unknown']);
  });

  it.each<[string, JsonValue, JsonValue, Verdict]>([
    ['came', {}, { b: 1 }, 'yes'],
    ['went', { b: 1 }, {}, 'yes'],
    ['was never there', { c: 1 }, { c: 2 }, 'no'],
    ['became null', {}, { b: null }, 'yes'],
  ])('of a change inside a column sees what %s', (_, before, after, expected) => {
    const event = change({ a: before }, { a: after });
    expect(verdicts('a.b: { changed: true }', event)).toEqual([expected, expected]);
  });

  it('reads one version of a row where the path says which', () => {
    const event = change({ a: 1 }, { a: 2 });
    expect(verdicts('before.a: 1', event)).toEqual(['yes', 'yes']);
    expect(verdicts('{ before.a: 1, after.a: 3 }', event)).toEqual(['no', 'no']);
    expect(verdicts('a: 1', event)).toEqual(['yes', 'no']);
    expect(verdicts('after.a: { changed: true }', event)).toEqual(['yes', 'yes']);
  });

  it('of values nested without end gives up comparing, and matches', () => {
    const nested = (depth: number, leaf: JsonValue): JsonValue => {
      let value = leaf;
      for (let i = 0; i < depth; i++) value = [value];
      return value;
    };
    const deep = (depth: number): Verdict[] =>
      verdicts('a: { changed: true }', change({ a: nested(depth, 1) }, { a: nested(depth, 2) }));
    expect([deep(64), deep(65)]).toEqual([
      ['yes', 'yes'],
      ['unknown', 'unknown'],
    ]);
    expect(verdicts('a: { changed: true }', change({ a: nested(200_000, 1) }, { a: nested(200_000, 2) }))).toEqual([
      'unknown',
      'unknown',
    ]);
  });
});
