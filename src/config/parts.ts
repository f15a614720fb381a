import type { z } from 'zod';
import type { Report } from '../contracts/report.ts';
import { shapeOf, type Shape } from '../contracts/shape.ts';
import { didYouMean, listed, nearest } from '../contracts/suggest.ts';
import { childOf, clip, entryOf, kindInWords, pathText, textOf } from '../contracts/tree.ts';
import type { MapEntry, MapTree, Place, Tree } from '../contracts/yaml-tree.ts';
import type { Config, Configured } from './config.ts';
import type { Kinds } from './kinds.ts';
import { checkWithEnv, isSecretPath } from './settings.ts';

export type Parts = Pick<Config, 'sources' | 'layers'> & { readonly journal: Configured };

interface Kind {
  readonly type: string;
  readonly options: z.ZodType;
}

/** Sources, layers and journal, each with its own Kind's options. `null` when any has mistakes. */
export function partsOf(tree: Tree, kinds: Kinds, report: Report): Parts | null {
  const before = report.errors;
  const names = partNames(tree, kinds);
  const sources = new Map<string, Configured>();
  for (const entry of entriesIn(childOf(tree, 'sources'))) {
    const source = configured(entry, ['sources', entry.key], kinds.sources, report);
    if (source) sources.set(entry.key, source);
  }
  const http = kinds.sources.find(({ type }) => type === 'http');
  const added = names.sources.find((name) => entryOf(childOf(tree, 'sources'), name) === undefined);
  if (http && added !== undefined) sources.set(added, byDefault(http, `sources.${added}`, report));

  const layers: (Configured & { name: string })[] = [];
  for (const entry of entriesIn(childOf(tree, 'layers'))) {
    const layer = configured(entry, ['layers', entry.key], kinds.layers, report);
    if (layer) layers.push({ name: entry.key, ...layer });
  }
  const memory = kinds.layers.find(({ type }) => type === 'memory');
  if (memory && !childOf(tree, 'layers')) layers.push({ name: 'local', ...byDefault(memory, 'layers.local', report) });

  const journal = journalOf(tree, kinds, report);
  return report.errors > before || journal === null ? null : { sources, layers, journal };
}

/**
 * Names of what is configured, also of what has mistakes. Events can always be sent over HTTP and from the program,
 * whether or not another source is configured; and reads need a layer.
 */
export function partNames(
  tree: Tree,
  kinds: Kinds,
): { readonly sources: readonly string[]; readonly layers: readonly string[] } {
  const sources = entriesIn(childOf(tree, 'sources')).map(({ key }) => key);
  const extra = needsHttp(tree, kinds)
    ? ['app', 'http', 'events'].filter((one) => !sources.includes(one)).slice(0, 1)
    : [];
  const layers = childOf(tree, 'layers') ? entriesIn(childOf(tree, 'layers')).map(({ key }) => key) : ['local'];
  return { sources: [...sources, ...extra], layers };
}

const needsHttp = (tree: Tree, kinds: Kinds): boolean =>
  kinds.sources.some(({ type }) => type === 'http') &&
  !entriesIn(childOf(tree, 'sources')).some(({ value }) => textOf(childOf(value, 'type')) === 'http');

function journalOf(tree: Tree, kinds: Kinds, report: Report): Configured | null {
  const given = entryOf(tree, 'journal');
  if (!given) {
    const kind = kinds.journals.find(({ type }) => type === 'sqlite') ?? kinds.journals[0];
    return kind ? byDefault(kind, 'journal', report) : null;
  }
  const { value } = given;
  if (value.kind !== 'map') return null;
  const own: MapTree = { ...value, entries: value.entries.filter(({ key }) => key !== 'retention') };
  return configured({ ...given, value: own }, ['journal'], kinds.journals, report, 'sqlite');
}

const entriesIn = (tree: Tree | undefined): readonly MapEntry[] => (tree?.kind === 'map' ? tree.entries : []);

function byDefault(kind: Kind, name: string, report: Report): Configured {
  const parsed = kind.options.safeParse({});
  if (!parsed.success) {
    const what = `"${name}" is needed, and type ${kind.type} has options that must be given`;
    report.error(
      'KEY_MISSING',
      { line: 1, column: 1 },
      what,
      'it has no default',
      `add "${name}" to the configuration`,
    );
  }
  return { type: kind.type, options: parsed.data };
}

function configured(
  { value, keyPlace }: MapEntry,
  path: readonly string[],
  kinds: readonly Kind[],
  report: Report,
  fallback?: string,
): Configured | null {
  if (value.kind !== 'map') return null;
  const kind = kindOf(value, { path, keyPlace, kinds, fallback }, report);
  if (!kind) return null;
  const own: MapTree = { ...value, entries: value.entries.filter(({ key }) => key !== 'type') };
  const checked = checkWithEnv(shapeFor(kind), own, { file: report.file, at: path, keyPlace, secret: isSecretPath });
  report.add(checked.findings);
  return checked.ok ? { type: kind.type, options: checked.value } : null;
}

interface Asked {
  readonly path: readonly string[];
  readonly keyPlace: Place;
  readonly kinds: readonly Kind[];
  readonly fallback: string | undefined;
}

function kindOf(value: MapTree, { path, keyPlace, kinds, fallback }: Asked, report: Report): Kind | null {
  const known = kinds.map(({ type }) => type);
  const why = `types are ${listed(known)}`;
  const typeTree = childOf(value, 'type');
  const type = typeTree ? textOf(typeTree) : fallback;
  const place = typeTree?.place ?? keyPlace;
  if (type === undefined && !typeTree) {
    const slip = value.entries.find(({ key }) => nearest(key, ['type']) !== null);
    const fix = slip ? `write "type" instead of "${clip(slip.key)}"` : `add "type: ${known[0] ?? ''}"`;
    report.error('KEY_MISSING', slip?.keyPlace ?? place, `"${pathText(path)}" has no "type"`, why, fix);
    return null;
  }
  const kind = kinds.find((one) => one.type === type);
  if (kind) return kind;
  const thing = path[0] === 'journal' ? 'journal' : (path[0] ?? '').slice(0, -1);
  const fix = type === undefined ? 'write one of these' : didYouMean(type, known, 'write one of these');
  report.error(
    'KIND_UNKNOWN',
    place,
    type === undefined ? `the type is ${kindInWords(typeTree)}` : `there is no ${thing} of type "${clip(type)}"`,
    why,
    fix,
  );
  return null;
}

const shapes = new WeakMap<Kind, Shape<unknown>>();

function shapeFor(kind: Kind): Shape<unknown> {
  const known = shapes.get(kind) ?? shapeOf<unknown>(kind.options);
  shapes.set(kind, known);
  return known;
}
