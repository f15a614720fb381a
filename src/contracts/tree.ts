import type { MapEntry, Place, Tree } from './yaml-tree.ts';

export function entryOf(tree: Tree | undefined, key: string): MapEntry | undefined {
  return entriesOf(tree).find((entry) => entry.key === key);
}

export function childOf(tree: Tree | undefined, key: string): Tree | undefined {
  return entryOf(tree, key)?.value;
}

export function itemsOf(tree: Tree | undefined): readonly Tree[] {
  return tree?.kind === 'list' ? tree.items : [];
}

/** One thing or a list of them. */
export function manyOf(tree: Tree | undefined): readonly Tree[] {
  if (tree === undefined) return [];
  return tree.kind === 'list' ? tree.items : [tree];
}

export function entriesOf(tree: Tree | undefined): readonly MapEntry[] {
  return tree?.kind === 'map' ? tree.entries : [];
}

/** The text of a scalar that is a text; `undefined` for everything else. */
export function textOf(tree: Tree | undefined): string | undefined {
  return tree?.kind === 'scalar' && typeof tree.value === 'string' ? tree.value : undefined;
}

export function isNothing(tree: Tree): boolean {
  return tree.kind === 'scalar' && tree.value === null;
}

/** Plain values for schemas. Objects have no prototype, so no key of a file can be one of its properties. */
export function plainOf(tree: Tree): unknown {
  switch (tree.kind) {
    case 'scalar':
      return tree.value;
    case 'list':
      return tree.items.map(plainOf);
    case 'map': {
      const plain = Object.create(null) as Record<string, unknown>;
      for (const { key, value } of tree.entries) plain[key] = plainOf(value);
      return plain;
    }
  }
}

export interface Located {
  /** `undefined` when the path leads to something that is not there. */
  readonly tree: Tree | undefined;
  /** Of the value; of the nearest thing around it when it is not there. */
  readonly place: Place;
  /** Of the key that names the value, where there is one. */
  readonly keyPlace: Place;
}

export function locate(root: Tree, path: readonly PropertyKey[], keyPlace: Place = root.place): Located {
  let at: Located = { tree: root, place: root.place, keyPlace };
  for (const step of path) {
    if (at.tree?.kind === 'list') {
      const item = at.tree.items[Number(step)];
      at = item ? { tree: item, place: item.place, keyPlace: item.place } : { ...at, tree: undefined };
    } else {
      const entry = entryOf(at.tree, String(step));
      at = entry
        ? { tree: entry.value, place: entry.value.place, keyPlace: entry.keyPlace }
        : { tree: undefined, place: at.keyPlace, keyPlace: at.keyPlace };
    }
  }
  return at;
}

/** `namespaces.product.ttl`, `actions[0]`. */
export function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const step of path)
    text += typeof step === 'number' ? `[${String(step)}]` : `${text === '' ? '' : '.'}${String(step)}`;
  return text;
}

/** What a value is, for a person. */
export function kindInWords(tree: Tree | undefined): string {
  if (tree === undefined) return 'missing';
  if (tree.kind === 'list') return 'a list';
  if (tree.kind === 'map') return tree.entries.length === 0 ? 'an empty mapping' : 'a mapping';
  if (tree.value === null) return 'empty';
  if (tree.substituted) return 'a text from the environment';
  if (typeof tree.value === 'string') return `the text "${clip(tree.value)}"`;
  return `the ${typeof tree.value === 'number' ? 'number ' : 'value '}${String(tree.value)}`;
}

export function firstLine(text: string): string {
  return String(text.split('\n', 1));
}

/** Keeps a message on one line and printable, whatever the file holds. */
export function clip(text: string): string {
  const short = text.length > 100 ? `${text.slice(0, 97)}...` : text;
  return JSON.stringify(short).slice(1, -1);
}
