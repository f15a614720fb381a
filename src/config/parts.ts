import type { z } from 'zod';
import type { Report } from '../contracts/report.ts';
import { shapeOf, type Shape } from '../contracts/shape.ts';
import { didYouMean, listed } from '../contracts/suggest.ts';
import { childOf, entryOf, textOf } from '../contracts/tree.ts';
import type { MapEntry, MapTree, Tree } from '../contracts/yaml-tree.ts';
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
  const sources = new Map<string, Configured>();
  for (const entry of entriesIn(childOf(tree, 'sources'))) {
    const source = configured(entry, ['sources', entry.key], kinds.sources, report);
    if (source) sources.set(entry.key, source);
  }
  const http = kinds.sources.find(({ type }) => type === 'http');
  if (http && !namesType(childOf(tree, 'sources'), 'http')) addDefault(sources, http, report);

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

/** Events can always be sent over HTTP and from the program, whether or not another source is configured. */
function addDefault(sources: Map<string, Configured>, http: Kind, report: Report): void {
  const name = ['app', 'http', 'events'].find((one) => !sources.has(one));
  if (name !== undefined) sources.set(name, byDefault(http, `sources.${name}`, report));
}

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

const namesType = (tree: Tree | undefined, type: string): boolean =>
  entriesIn(tree).some(({ value }) => textOf(childOf(value, 'type')) === type);

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
  const typeTree = childOf(value, 'type');
  const type = typeTree ? textOf(typeTree) : fallback;
  if (type === undefined || type === '') return null;
  const kind = kinds.find((one) => one.type === type);
  if (!kind) {
    const known = kinds.map((one) => one.type);
    const thing = path[0] === 'journal' ? 'journal' : (path[0] ?? '').slice(0, -1);
    report.error(
      'KIND_UNKNOWN',
      typeTree?.place ?? keyPlace,
      `there is no ${thing} of type "${type}"`,
      `types are ${listed(known)}`,
      didYouMean(type, known, `write one of them`),
    );
    return null;
  }
  const own: MapTree = { ...value, entries: value.entries.filter(({ key }) => key !== 'type') };
  const checked = checkWithEnv(shapeFor(kind), own, { file: report.file, at: path, keyPlace, secret: isSecretPath });
  report.add(checked.findings);
  return checked.ok ? { type, options: checked.value } : null;
}

const shapes = new WeakMap<Kind, Shape<unknown>>();

function shapeFor(kind: Kind): Shape<unknown> {
  const known = shapes.get(kind) ?? shapeOf<unknown>(kind.options);
  shapes.set(kind, known);
  return known;
}
