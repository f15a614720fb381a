import { FOR_EACH_LIMIT, type Contract, type ContractAction, type ContractTest, type ForEach } from './contract.ts';
import { contractSchema } from './contract-schema.ts';
import { parseField } from './field.ts';
import type { Finding } from './finding.ts';
import { triggerProblem } from './pattern.ts';
import { readAction, unquotedTemplate } from './read-action.ts';
import { readTests } from './read-tests.ts';
import type { Report } from './report.ts';
import { checkShape, shapeOf, type Shape } from './shape.ts';
import { childOf, clip, entriesOf, itemsOf, manyOf, textOf } from './tree.ts';
import type { Tree } from './yaml-tree.ts';
import { parseWhen } from './when.ts';

let shape: Shape<unknown> | null = null;
/** Made on first use: turning a schema into a JSON Schema takes milliseconds that a client need not spend. */
const contractShape = (): Shape<unknown> => (shape ??= shapeOf<unknown>(contractSchema));

/** Reads one contract; `null` when it has mistakes, all of which are in the report. */
export function readContract(tree: Tree, path: readonly PropertyKey[], report: Report): Contract | null {
  const before = report.errors;
  const checked = checkShape(contractShape(), tree, { file: report.file, at: path });
  report.add(checked.findings.filter((finding) => !explainedBetter(finding, tree)));
  const triggers = readTriggers(childOf(tree, 'trigger'), report);
  const forEach = readForEach(childOf(tree, 'for_each'), report);
  const inLoop = childOf(tree, 'for_each') !== undefined;
  const whenTree = childOf(tree, 'when');
  const when = whenTree ? parseWhen(whenTree, report, inLoop) : null;
  const source = textOf(childOf(tree, 'source'));
  const layers = childOf(tree, 'layers');
  const actions = itemsOf(childOf(tree, 'actions')).map((item) => {
    reportUnquoted(item, report);
    return readAction(item, { inLoop, layers }, report);
  });
  const tests = readTests(childOf(tree, 'tests'), source, report);
  if (report.errors > before) return null;
  return build(
    tree,
    { triggers, source, when, forEach, actions: actions.filter((action) => action !== null), tests },
    report.file,
  );
}

interface Parts {
  readonly triggers: readonly string[];
  readonly source: string | undefined;
  readonly when: Contract['when'] | null;
  readonly forEach: ForEach | null;
  readonly actions: readonly ContractAction[];
  readonly tests: readonly ContractTest[];
}

function build(tree: Tree, { triggers, source, when, forEach, actions, tests }: Parts, file: string): Contract {
  const given = textOf(childOf(tree, 'name'));
  const sourceTree = childOf(tree, 'source');
  const loopTree = childOf(tree, 'for_each');
  return {
    name: given ?? triggers.join(', '),
    ...(given === undefined ? {} : { given }),
    file,
    line: tree.place.line,
    column: tree.place.column,
    triggers,
    ...(source === undefined ? {} : { source }),
    ...(when ? { when } : {}),
    ...(forEach ? { forEach } : {}),
    actions,
    ...(tests.length > 0 ? { tests } : {}),
    places: {
      triggers: manyOf(childOf(tree, 'trigger')).map((item) => item.place),
      ...(sourceTree ? { source: sourceTree.place } : {}),
      ...(loopTree ? { forEach: loopTree.place } : {}),
    },
  };
}

function readTriggers(tree: Tree | undefined, report: Report): readonly string[] {
  const triggers: string[] = [];
  for (const item of manyOf(tree)) {
    const text = textOf(item);
    if (text === undefined || text === '') continue;
    const problem = triggerProblem(text);
    if (problem === null) triggers.push(text);
    else
      report.error(
        'TRIGGER_INVALID',
        item.place,
        `the trigger "${clip(text)}" cannot match: ${problem}`,
        'a trigger is an event type, or segments between dots where "*" stands for any',
        'write e.g. product.updated or product.*',
      );
  }
  return triggers;
}

function readForEach(tree: Tree | undefined, report: Report): ForEach | null {
  const pathTree = tree?.kind === 'map' ? childOf(tree, 'path') : tree;
  const path = textOf(pathTree);
  if (!pathTree || path === undefined || path === '') return null;
  const field = parseField(path.endsWith('?') ? path.slice(0, -1) : path, false);
  if (!field.ok || field.field.scope === 'attribute') {
    const why = field.ok ? 'an attribute is not an array' : field.why;
    report.error(
      'FOR_EACH_PATH',
      pathTree.place,
      `"${clip(path)}" does not name an array: ${why}`,
      '"for_each" is the path of an array in the event',
      'write e.g. items, without braces',
    );
    return null;
  }
  const limit = childOf(tree, 'limit');
  const given = limit?.kind === 'scalar' && typeof limit.value === 'number' ? limit.value : undefined;
  return { path, limit: given ?? FOR_EACH_LIMIT, limited: given !== undefined };
}

function reportUnquoted(action: Tree, report: Report): void {
  for (const { key, value } of entriesOf(action)) {
    const field = unquotedTemplate(value);
    if (field !== null)
      report.error(
        'TEMPLATE_UNQUOTED',
        value.place,
        `{${clip(field)}} without quotes is a YAML mapping, not a text`,
        'and a template must begin with a literal',
        `write ${key}: 'product:{${clip(field)}}'`,
      );
  }
}

/** The wrong type of an unquoted template is told as what it is. */
function explainedBetter(finding: Finding, tree: Tree): boolean {
  return itemsOf(childOf(tree, 'actions'))
    .flatMap(entriesOf)
    .some(
      ({ value: { place }, value }) =>
        unquotedTemplate(value) !== null && place.line === finding.line && place.column === finding.column,
    );
}
