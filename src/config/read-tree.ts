import type { Report } from '../contracts/report.ts';
import { kindInWords, textOf } from '../contracts/tree.ts';
import { parseYaml } from '../contracts/yaml.ts';
import type { MapTree, Tree } from '../contracts/yaml-tree.ts';
import { hasStandIns, maskReferences, resolveTree, unmask, unmaskTree, type Env } from './env.ts';
import { readText, type ReadFile } from './files.ts';
import { treeOfObject } from './object-tree.ts';

export interface ConfigText {
  readonly file?: string;
  readonly text?: string;
  readonly object?: unknown;
  readonly readFile?: ReadFile;
}

const START = { line: 1, column: 1 };
const NOTHING: MapTree = { kind: 'map', entries: [], flow: false, place: START };

/** The configuration as a tree, its variables not yet resolved; `null` when there is none to go on with. */
export function readConfigTree(source: ConfigText, report: Report): MapTree | null {
  const tree = source.object === undefined ? readYaml(source, report) : treeOfObject(source.object, report);
  if (tree === null) return report.errors > 0 ? null : NOTHING;
  if (tree.kind === 'map') return tree;
  report.error(
    'TYPE_WRONG',
    tree.place,
    `the configuration is ${kindInWords(tree)}, not a mapping`,
    'it maps names such as "sources" to what they are',
    'write e.g. "contracts: [contracts/*.yaml]"',
  );
  return null;
}

function readYaml({ file, text, readFile }: ConfigText, report: Report): Tree | null {
  const given = text ?? (file === undefined ? '' : readFrom(file, readFile, report));
  if (given === null) return null;
  if (hasStandIns(given)) {
    report.error(
      'YAML_VALUE',
      START,
      'the file holds characters that are none (U+FDD0 and following)',
      'Unicode keeps them for use inside programs',
      'remove them',
    );
    return null;
  }
  const { documents, findings } = parseYaml(maskReferences(given), report.file);
  report.add(findings.map((finding) => ({ ...finding, what: unmask(finding.what) })));
  const [first, second] = documents;
  if (second)
    report.error(
      'CONFIG_SEVERAL',
      second.tree.place,
      'the file holds several documents',
      'only one could be the configuration',
      'put contracts in files of their own and name these under "contracts:"',
    );
  return first ? unmaskTree(first.tree) : null;
}

function readFrom(file: string, readFile: ReadFile | undefined, report: Report): string | null {
  const read = readText(file, readFile);
  if (read.ok) return read.text;
  report.error(
    'CONFIG_UNREADABLE',
    START,
    `the configuration cannot be read: ${read.why}`,
    'nothing can start without it',
    'correct the path, or run `tidemark dev` to start without one',
  );
  return null;
}

/** Puts environment variables into everything but contracts, whose braces are templates. */
export function resolveConfigTree(tree: MapTree, env: Env, report: Report): MapTree {
  const entries = tree.entries.map((entry) => {
    if (entry.key === 'event_invalidation') return entry;
    if (entry.key !== 'contracts' || entry.value.kind !== 'list')
      return { ...entry, value: resolveTree(entry.value, env, report) };
    const items = entry.value.items.map((item) => (textOf(item) === undefined ? item : resolveTree(item, env, report)));
    return { ...entry, value: { ...entry.value, items } };
  });
  return { ...tree, entries };
}
