import type { JsonValue } from '../model/json.ts';
import { imagesOf, readField, type Field, type Frame, type Scope } from './field.ts';
import type { Scalar } from './contract.ts';

/** A filter on event data. Declarative, evaluated in time linear in its size and in the values it looks at. */
export type Condition =
  | { readonly kind: 'all'; readonly of: readonly Condition[] }
  | { readonly kind: 'any'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'test'; readonly field: Field; readonly test: Test };

export type Test =
  | { readonly op: 'in'; readonly values: readonly Scalar[] }
  | { readonly op: 'gt' | 'gte' | 'lt' | 'lte'; readonly value: number | string }
  | { readonly op: 'exists'; readonly value: boolean }
  | { readonly op: 'changed'; readonly value: boolean };

/** `unknown` counts as a match: a filter may spare work, never hide a change. */
export type Verdict = 'yes' | 'no' | 'unknown';

const verdict = (holds: boolean): Verdict => (holds ? 'yes' : 'no');

export function judge(condition: Condition, frame: Frame): Verdict {
  switch (condition.kind) {
    case 'all':
      return fold(condition.of, frame, 'no', 'yes');
    case 'any':
      return fold(condition.of, frame, 'yes', 'no');
    case 'not': {
      const inner = judge(condition.of, frame);
      return inner === 'unknown' ? inner : verdict(inner === 'no');
    }
    case 'test':
      return judgeTest(condition.field, condition.test, frame);
  }
}

function fold(conditions: readonly Condition[], frame: Frame, decisive: Verdict, otherwise: Verdict): Verdict {
  let result = otherwise;
  for (const condition of conditions) {
    const one = judge(condition, frame);
    if (one === decisive) return decisive;
    if (one === 'unknown') result = 'unknown';
  }
  return result;
}

function judgeTest(field: Field, test: Test, frame: Frame): Verdict {
  if (test.op === 'changed') {
    const changed = fieldChanged(field, frame);
    return changed === 'unknown' || test.value ? changed : verdict(changed === 'no');
  }
  const reading = readField(frame, field);
  if (reading.state === 'unknown') return 'unknown';
  if (test.op === 'exists') return verdict((reading.state === 'known') === test.value);
  if (reading.state !== 'known') return 'no';
  if (test.op === 'in') return verdict(test.values.some((wanted) => sameScalar(reading.value, wanted)));
  return ordered(reading.value, test.op, test.value);
}

/** Only an updated row has two versions to compare; what came or went has changed; elsewhere it cannot be told. */
function fieldChanged(field: Field, frame: Frame): Verdict {
  const { row } = frame.event;
  const from = COLUMN_AT[field.scope];
  if (!row || row.op === 'truncated' || from === undefined) return 'unknown';
  if (row.op !== 'updated') return 'yes';
  const plain: Field = { ...field, scope: 'plain', steps: field.steps.slice(from) };
  const readings = imagesOf(frame.event).map((image) => readField(image, plain));
  if (readings.some((reading) => reading.state === 'unknown')) return 'unknown';
  const [before, after] = readings.map(({ value }) => value);
  return differs(before, after, 0);
}

/** Which step of a field names the column; attributes and items have none. */
const COLUMN_AT: Readonly<Partial<Record<Scope, number>>> = { plain: 0, before: 1, after: 1 };

/** Deeper values are not compared: they count as unknown, so as a match. */
const COMPARE_DEPTH_MAX = 64;

function differs(a: JsonValue | undefined, b: JsonValue | undefined, depth: number): Verdict {
  if (a === b) return 'no';
  if (a === null || b === null) return 'yes';
  if (typeof a !== 'object' || typeof b !== 'object' || Array.isArray(a) !== Array.isArray(b)) return 'yes';
  if (depth >= COMPARE_DEPTH_MAX) return 'unknown';
  const left = a as Readonly<Record<string, JsonValue>>;
  const right = b as Readonly<Record<string, JsonValue>>;
  const names = Object.keys(left);
  if (names.length !== Object.keys(right).length) return 'yes';
  let result: Verdict = 'no';
  for (const name of names) {
    const one = Object.hasOwn(right, name) ? differs(left[name], right[name], depth + 1) : 'yes';
    if (one === 'yes') return 'yes';
    if (one === 'unknown') result = 'unknown';
  }
  return result;
}

/** Compared as written: 42 and "42" are the same, as feeds send large numbers as strings. */
function sameScalar(value: JsonValue, wanted: Scalar): boolean {
  if (value === wanted) return true;
  if (wanted === null || typeof value === 'object') return false;
  if (String(value) === String(wanted)) return true;
  return typeof wanted === 'number' && typeof value === 'string' && compareNumbers(value, wanted) === 0;
}

function ordered(value: JsonValue, op: 'gt' | 'gte' | 'lt' | 'lte', wanted: number | string): Verdict {
  if (value === null) return 'no';
  const order = compare(value, wanted);
  if (order === null) return 'unknown';
  switch (op) {
    case 'gt':
      return verdict(order > 0);
    case 'gte':
      return verdict(order >= 0);
    case 'lt':
      return verdict(order < 0);
    case 'lte':
      return verdict(order <= 0);
  }
}

/** `null` when the two have no order: the filter then cannot tell. */
function compare(value: JsonValue, wanted: number | string): number | null {
  if (typeof wanted === 'number')
    return typeof value === 'number' || typeof value === 'string' ? compareNumbers(value, wanted) : null;
  return typeof value === 'string' ? (value < wanted ? -1 : value > wanted ? 1 : 0) : null;
}

function compareNumbers(value: number | string, wanted: number): number | null {
  const number = typeof value === 'number' ? value : value.trim() === '' ? NaN : Number(value);
  return Number.isNaN(number) ? null : number - wanted;
}
