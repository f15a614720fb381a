import { ACTION_KINDS, type ActionKind } from '../model/plan.ts';
import type { ContractAction } from './contract.ts';
import { NAME } from './contract-schema.ts';
import type { Report } from './report.ts';
import { nearest } from './suggest.ts';
import { parseTemplate, type Part } from './template.ts';
import { childOf, clip, isNothing, itemsOf, textOf } from './tree.ts';
import type { MapTree, ScalarTree, Tree } from './yaml-tree.ts';

export interface ActionScope {
  readonly inLoop: boolean;
  /** The contract's own `layers`, for actions that name none. */
  readonly layers: Tree | undefined;
}

const isKind = (key: string): key is ActionKind => (ACTION_KINDS as readonly string[]).includes(key);

/** Reads one action; `null` when it has mistakes. Wrong types are the shape's to report, not told again here. */
export function readAction(tree: Tree, scope: ActionScope, report: Report): ContractAction | null {
  if (tree.kind !== 'map') return null;
  const entry = soleKind(tree, report);
  const text = textOf(entry?.value);
  if (!entry || !isKind(entry.key) || text === undefined || entry.value.kind !== 'scalar') return null;
  const good = checkTemplate(entry.key, entry.value, text, scope.inLoop, report);
  if (!good) return null;
  const namespaceTree = childOf(tree, 'namespace');
  const namespace = textOf(namespaceTree);
  const layersTree = childOf(tree, 'layers') ?? scope.layers;
  const layers = namesIn(layersTree);
  return {
    kind: entry.key,
    template: text,
    ...(namespace === undefined ? {} : { namespace }),
    ...(layers === undefined ? {} : { layers }),
    line: tree.place.line,
    column: tree.place.column,
    places: {
      target: entry.value.place,
      ...(namespaceTree ? { namespace: namespaceTree.place } : {}),
      ...(layersTree ? { layers: itemsOf(layersTree).map((item) => item.place) } : {}),
    },
  };
}

export function namesIn(tree: Tree | undefined): readonly string[] | undefined {
  return tree?.kind === 'list' ? itemsOf(tree).flatMap((item) => textOf(item) ?? []) : undefined;
}

function soleKind(tree: MapTree, report: Report): MapTree['entries'][number] | null {
  const kinds = tree.entries.filter(({ key }) => isKind(key));
  const second = kinds[1];
  if (second) {
    const what = `one action has both "${kinds[0]?.key ?? ''}" and "${second.key}"`;
    report.error(
      'ACTION_SEVERAL',
      second.keyPlace,
      what,
      'each item of "actions" is one action',
      `begin a new item: "- ${second.key}: ..."`,
    );
    return null;
  }
  // A misspelt kind has been reported as an unknown key, with the word that was meant.
  const misspelt = tree.entries.some(({ key }) => nearest(key, ACTION_KINDS) !== null);
  if (kinds.length === 0 && !misspelt)
    report.error(
      'ACTION_MISSING',
      tree.place,
      'the item names no action',
      `actions are ${ACTION_KINDS.join(', ')}`,
      'add e.g. "delete_key: product:{product_id}"',
    );
  return kinds[0] ?? null;
}

/** `purge_tag: {id}` without quotes is a YAML mapping. Told in those words, once, instead of as a wrong type. */
export function unquotedTemplate(tree: Tree | undefined): string | null {
  if (tree?.kind !== 'map' || !tree.flow || tree.entries.length !== 1) return null;
  const [entry] = tree.entries;
  return entry && isNothing(entry.value) ? entry.key : null;
}

function checkTemplate(kind: ActionKind, node: ScalarTree, text: string, inLoop: boolean, report: Report): boolean {
  const parsed = parseTemplate(text, inLoop);
  if (!parsed.ok) {
    for (const { code, at, what, why, fix } of parsed.mistakes) report.error(code, placeIn(node, at), what, why, fix);
    return false;
  }
  const { parts } = parsed.template;
  const hasField = parts.some((part) => typeof part !== 'string');
  if ((kind === 'refresh_projection' || kind === 'purge_namespace') && hasField) {
    const thing = kind === 'refresh_projection' ? 'projections' : 'namespaces';
    report.error(
      'TEMPLATE_NOT_ALLOWED',
      node.place,
      `"${kind}" takes a name, not a template`,
      `${thing} are named in the configuration; an event must not choose one`,
      'write the name',
    );
    return false;
  }
  if (
    (kind === 'refresh_projection' || kind === 'purge_namespace') &&
    !NAME.test(text) &&
    !(kind === 'purge_namespace' && text === '*')
  ) {
    report.error(
      'NAME_INVALID',
      node.place,
      `"${clip(text)}" cannot be a name`,
      'names have letters, digits, "-" and "_", and begin with a letter',
      'write the name as in the configuration',
    );
    return false;
  }
  if (kind === 'purge_url' && !hostIsFixed(parts)) {
    report.error(
      'URL_HOST_FROM_EVENT',
      node.place,
      `the URL "${clip(text)}" has no fixed host`,
      'an event must not choose the host that a request goes to',
      'begin with a path ("/products/{id}") or with "https://host/"',
    );
    return false;
  }
  const dollar = text.indexOf('${');
  if (dollar >= 0)
    report.warning(
      'TEMPLATE_DOLLAR',
      placeIn(node, dollar),
      'the "$" before "{" becomes part of the target',
      'fields are written as {field}, not as in JavaScript',
      `write "${clip(text.replaceAll('${', '{'))}" unless the target really has a "$"`,
    );
  return true;
}

/** The literal start must reach past the host, so that no value can name another one. */
function hostIsFixed(parts: readonly Part[]): boolean {
  const first = typeof parts[0] === 'string' ? parts[0] : '';
  if (first.startsWith('/')) return !first.startsWith('//');
  const scheme = ['https://', 'http://'].find((one) => first.startsWith(one));
  if (scheme === undefined) return false;
  const slash = first.indexOf('/', scheme.length);
  return slash > scheme.length || (slash < 0 && parts.length === 1);
}

/** Inside a scalar on one line an offset of the text is an offset of the file. */
function placeIn(node: ScalarTree, at: number): ScalarTree['place'] {
  if (node.text !== node.value) return node.place;
  return { line: node.place.line, column: node.place.column + (node.quoted ? 1 : 0) + at };
}
