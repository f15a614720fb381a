import type { Condition, Test } from './condition.ts';
import type { Scalar } from './contract.ts';
import { parseField } from './field.ts';
import type { Report } from './report.ts';
import { didYouMean } from './suggest.ts';
import { clip, kindInWords } from './tree.ts';
import type { MapEntry, Place, ScalarTree, Tree } from './yaml-tree.ts';

const OPERATORS = ['not', 'in', 'gt', 'gte', 'lt', 'lte', 'exists', 'changed'] as const;
type Operator = (typeof OPERATORS)[number];

const WHY = 'a filter maps the path of a field to a value, a list of values, or a test such as { gt: 10 }';

/** Reads a `when` filter. `null` when it has mistakes; they are in the report. */
export function parseWhen(tree: Tree, report: Report, inLoop: boolean): Condition | null {
  if (tree.kind !== 'map' || tree.entries.length === 0) {
    report.error(
      'WHEN_INVALID',
      tree.place,
      `the filter is ${kindInWords(tree)}, not a mapping`,
      WHY,
      'write e.g. { status: published }',
    );
    return null;
  }
  const conditions = tree.entries.map((entry) => parseEntry(entry, report, inLoop));
  return conjunction(conditions);
}

/** One mistake spoils the whole, but all have been looked for. */
function conjunction(conditions: readonly (Condition | null)[]): Condition | null {
  const good = conditions.filter((condition) => condition !== null);
  if (good.length < conditions.length) return null;
  return good.length === 1 && good[0] ? good[0] : { kind: 'all', of: good };
}

function parseEntry({ key, keyPlace, value }: MapEntry, report: Report, inLoop: boolean): Condition | null {
  if ((key === 'all' || key === 'any') && isListOfMaps(value)) {
    const of = value.items.map((item) => parseWhen(item, report, inLoop));
    const good = of.filter((condition) => condition !== null);
    return good.length === of.length ? { kind: key, of: good } : null;
  }
  if (key === 'not' && value.kind === 'map') {
    const of = parseWhen(value, report, inLoop);
    return of && { kind: 'not', of };
  }
  const field = parseField(key, inLoop);
  if (!field.ok) {
    report.error(
      'WHEN_FIELD',
      keyPlace,
      `"${clip(key)}" does not name a field: ${field.why}`,
      WHY,
      'write the path of a field, e.g. status or customer.tier',
    );
    return null;
  }
  const test = (one: Test): Condition => ({ kind: 'test', field: field.field, test: one });
  if (value.kind !== 'map') {
    const values = parseValues(value, report);
    return values && test({ op: 'in', values });
  }
  if (value.entries.length === 0) {
    report.error('WHEN_INVALID', value.place, `the test of "${clip(key)}" is empty`, WHY, 'write e.g. { gt: 10 }');
    return null;
  }
  return conjunction(value.entries.map((entry) => parseOperator(entry, test, report)));
}

const isListOfMaps = (tree: Tree): tree is Extract<Tree, { kind: 'list' }> =>
  tree.kind === 'list' && tree.items.length > 0 && tree.items.every((item) => item.kind === 'map');

function parseOperator(
  { key, keyPlace, value }: MapEntry,
  test: (one: Test) => Condition,
  report: Report,
): Condition | null {
  if (!(OPERATORS as readonly string[]).includes(key)) {
    const fix = didYouMean(key, OPERATORS, 'for a field inside a field, write its path: customer.tier');
    report.error('WHEN_OPERATOR', keyPlace, `unknown test "${clip(key)}"`, `tests are ${OPERATORS.join(', ')}`, fix);
    return null;
  }
  const operator = key as Operator;
  switch (operator) {
    case 'in': {
      const values = parseValues(value, report);
      return values && test({ op: 'in', values });
    }
    case 'not': {
      const values = parseValues(value, report);
      return values && { kind: 'not', of: test({ op: 'in', values }) };
    }
    case 'exists':
    case 'changed':
      if (value.kind === 'scalar' && typeof value.value === 'boolean')
        return test({ op: operator, value: value.value });
      report.error(
        'WHEN_VALUE',
        value.place,
        `"${operator}" is ${kindInWords(value)}`,
        'it is true or false',
        `write ${operator}: true`,
      );
      return null;
    default:
      if (value.kind === 'scalar' && (typeof value.value === 'number' || typeof value.value === 'string'))
        return exact(value, report) ? test({ op: operator, value: value.value }) : null;
      report.error(
        'WHEN_VALUE',
        value.place,
        `"${operator}" is ${kindInWords(value)}`,
        'an order is between numbers or between texts',
        `write e.g. ${operator}: 10`,
      );
      return null;
  }
}

function parseValues(tree: Tree, report: Report): readonly Scalar[] | null {
  const items = tree.kind === 'list' ? tree.items : [tree];
  if (items.length === 0) {
    report.error(
      'WHEN_VALUE',
      tree.place,
      'the list of values is empty',
      'no value is in an empty list, so nothing would ever match',
      'name the values',
    );
    return null;
  }
  const values: Scalar[] = [];
  let good = true;
  for (const item of items) {
    if (item.kind !== 'scalar') {
      report.error(
        'WHEN_VALUE',
        item.place,
        `a value is ${kindInWords(item)}`,
        WHY,
        'compare with texts, numbers, true, false or null',
      );
      good = false;
    } else if (exact(item, report)) values.push(item.value);
    else good = false;
  }
  return good ? values : null;
}

/** A number whose last digits are lost would be compared with another number than the one written. */
function exact(scalar: ScalarTree, report: Report): boolean {
  const { value, text, place } = scalar;
  if (!Number.isInteger(value) || Number.isSafeInteger(value)) return true;
  inexact(text, place, report);
  return false;
}

function inexact(text: string, place: Place, report: Report): void {
  report.error(
    'WHEN_VALUE',
    place,
    `the number ${clip(text)} is beyond 2^53`,
    'its last digits would be lost',
    `put it in quotes: "${clip(text)}"`,
  );
}
