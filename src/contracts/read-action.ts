import { ACTION_KINDS, type ActionKind } from '../model/plan.ts';
import { checkTarget } from './check-target.ts';
import type { ContractAction } from './contract.ts';
import type { Report } from './report.ts';
import { childOf, isNothing, itemsOf, textOf } from './tree.ts';
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
  const named = soleKind(tree, report);
  const text = textOf(named?.value);
  if (!named || text === undefined) return null;
  const { kind, value } = named;
  checkTarget({ kind, text, node: value as ScalarTree, inLoop: scope.inLoop }, report);
  const namespaceTree = childOf(tree, 'namespace');
  const namespace = textOf(namespaceTree);
  const layersTree = childOf(tree, 'layers') ?? scope.layers;
  const layers = namesIn(layersTree);
  return {
    kind,
    template: text,
    ...(namespace === undefined ? {} : { namespace }),
    ...(layers === undefined ? {} : { layers }),
    line: tree.place.line,
    column: tree.place.column,
    places: {
      target: value.place,
      ...(namespaceTree ? { namespace: namespaceTree.place } : {}),
      ...(layersTree ? { layers: itemsOf(layersTree).map((item) => item.place) } : {}),
    },
  };
}

export function namesIn(tree: Tree | undefined): readonly string[] | undefined {
  return tree?.kind === 'list' ? itemsOf(tree).flatMap((item) => textOf(item) ?? []) : undefined;
}

function soleKind(tree: MapTree, report: Report): { readonly kind: ActionKind; readonly value: Tree } | null {
  const kinds = tree.entries.flatMap((entry) => (isKind(entry.key) ? { ...entry, kind: entry.key } : []));
  const [first, second] = kinds;
  if (first && second) {
    const what = `one action has both "${first.key}" and "${second.key}"`;
    report.error(
      'ACTION_SEVERAL',
      second.keyPlace,
      what,
      'each item of "actions" is one action',
      `begin a new item: "- ${second.key}: ..."`,
    );
    return null;
  }
  // An unknown key has been reported, and was probably meant to be the action.
  if (!first && tree.entries.every(({ key }) => NARROWING.has(key)))
    report.error(
      'ACTION_MISSING',
      tree.place,
      'the item names no action',
      `actions are ${ACTION_KINDS.join(', ')}`,
      'add e.g. "delete_key: product:{product_id}"',
    );
  return first ?? null;
}

const NARROWING = new Set(['namespace', 'layers']);

/** `purge_tag: {id}` without quotes is a YAML mapping. Told in those words, once, instead of as a wrong type. */
export function unquotedTemplate(tree: Tree): string | null {
  const [entry, ...more] = tree.kind === 'map' && tree.flow ? tree.entries : [];
  return entry && more.length === 0 && isNothing(entry.value) ? entry.key : null;
}
