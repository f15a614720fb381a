import { ACTION_KINDS, type ActionKind } from '../model/plan.ts';
import type { ChangeEvent, RowChange } from '../model/event.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import type { ContractTest, ExpectedAction } from './contract.ts';
import { testsSchema } from './contract-schema.ts';
import type { Report } from './report.ts';
import { checkShape, shapeOf, type Shape } from './shape.ts';
import { childOf, itemsOf, plainOf, textOf } from './tree.ts';
import type { MapTree, Tree } from './yaml-tree.ts';
import { namesIn } from './read-action.ts';

/** Tests of one contract. Their shape has been checked with the contract's. */
export function readTests(tree: Tree | undefined, source: string | undefined, report: Report): readonly ContractTest[] {
  return itemsOf(tree).flatMap((item) => readTest(item, source, report) ?? []);
}

let shape: Shape<unknown> | null = null;

/** Tests that stand in a document of their own, for all contracts together. */
export function readTestDocument(tree: Tree, report: Report): readonly ContractTest[] {
  const before = report.errors;
  shape ??= shapeOf<unknown>(testsSchema);
  report.add(checkShape(shape, tree, { file: report.file, at: ['tests'] }).findings);
  const tests = readTests(tree, undefined, report);
  return report.errors > before ? [] : tests;
}

function readTest(tree: Tree, source: string | undefined, report: Report): ContractTest | null {
  const eventTree = childOf(tree, 'event');
  const type = textOf(childOf(eventTree, 'type'));
  if (eventTree?.kind !== 'map' || type === undefined) return null;
  const event = readEvent(eventTree, type, source);
  const expect = itemsOf(childOf(tree, 'expect')).map((item) => readExpected(item, report));
  const name = textOf(childOf(tree, 'name')) ?? `${type} at line ${String(tree.place.line)}`;
  return { name, file: report.file, line: tree.place.line, event, expect: expect.filter((one) => one !== null) };
}

function readEvent(tree: MapTree, type: string, source: string | undefined): ChangeEvent {
  const rowTree = childOf(tree, 'row');
  const row = rowTree?.kind === 'map' ? readRow(rowTree, type) : null;
  const dataTree = childOf(tree, 'data');
  const data = dataTree ? (plainOf(dataTree) as JsonValue) : (row?.after ?? row?.before ?? {});
  const subject = textOf(childOf(tree, 'subject'));
  const time = textOf(childOf(tree, 'time'));
  return {
    id: textOf(childOf(tree, 'id')) ?? 'test',
    type,
    source: textOf(childOf(tree, 'source')) ?? source ?? 'app',
    ...(subject === undefined ? {} : { subject }),
    ...(time === undefined ? {} : { time }),
    data,
    ...(row ? { row } : {}),
  };
}

const OPS = ['created', 'updated', 'deleted', 'truncated'] as const;

function readRow(tree: MapTree, type: string): RowChange {
  const last = type.slice(type.lastIndexOf('.') + 1);
  const named = textOf(childOf(tree, 'op')) ?? last;
  const op = OPS.find((one) => one === named) ?? 'updated';
  const before = objectIn(childOf(tree, 'before'));
  const has = textOf(childOf(tree, 'before_has'));
  const unknown = namesIn(childOf(tree, 'unknown'));
  return {
    relation: textOf(childOf(tree, 'relation')) ?? type.slice(0, Math.max(0, type.lastIndexOf('.'))),
    op,
    before,
    after: objectIn(childOf(tree, 'after')),
    beforeHas: has === 'key' || has === 'none' ? has : before === null && has === undefined ? 'none' : 'full',
    ...(unknown ? { unknown } : {}),
  };
}

function objectIn(tree: Tree | undefined): JsonObject | null {
  return tree?.kind === 'map' ? (plainOf(tree) as JsonObject) : null;
}

const NARROWING = new Set(['namespace', 'layers', 'widened']);

function readExpected(tree: Tree, report: Report): ExpectedAction | null {
  if (tree.kind !== 'map') return null;
  const kinds = tree.entries.filter(({ key }) => (ACTION_KINDS as readonly string[]).includes(key));
  const [entry, second] = kinds;
  const target = textOf(entry?.value);
  if (entry && second)
    report.error(
      'ACTION_SEVERAL',
      second.keyPlace,
      `one expected action has both "${entry.key}" and "${second.key}"`,
      'each item of "expect" is one action',
      `begin a new item: "- ${second.key}: ..."`,
    );
  else if (!entry && tree.entries.every(({ key }) => NARROWING.has(key)))
    report.error(
      'ACTION_MISSING',
      tree.place,
      'the expected action names no action',
      'each item of "expect" is one action',
      'write e.g. "- delete_key: product:42"',
    );
  if (!entry || target === undefined) return null;
  const namespace = textOf(childOf(tree, 'namespace'));
  const layers = namesIn(childOf(tree, 'layers'));
  const widened = childOf(tree, 'widened');
  return {
    kind: entry.key as ActionKind,
    target,
    ...(namespace === undefined ? {} : { namespace }),
    ...(layers === undefined ? {} : { layers }),
    ...(widened ? { widened: true } : {}),
  };
}
