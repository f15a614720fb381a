import { dirname, join, resolve } from 'node:path';
import type { Contract, ContractTest, Place } from '../contracts/contract.ts';
import type { Finding } from '../contracts/finding.ts';
import { parseContracts, readContracts } from '../contracts/parse.ts';
import { Report } from '../contracts/report.ts';
import { childOf, clip, itemsOf, textOf } from '../contracts/tree.ts';
import type { Tree } from '../contracts/yaml-tree.ts';
import { expandGlob, IS_DIRECTORY, readText, type ReadFile } from './files.ts';

export interface Collected {
  readonly contracts: readonly Contract[];
  readonly tests: readonly ContractTest[];
  readonly findings: readonly Finding[];
}

interface From {
  /** The configuration, with its variables resolved everywhere but inside contracts. */
  readonly tree: Tree;
  readonly file: string;
  readonly baseDir: string;
  readonly readFile: ReadFile | undefined;
}

/** The contracts of a configuration: its own, and those of the files that it names. */
export function collectContracts(from: From): Collected {
  const { tree, file, baseDir, readFile } = from;
  const report = new Report(file);
  const contracts: Contract[] = [];
  const tests: ContractTest[] = [];
  const own = childOf(tree, 'event_invalidation');
  if (own) contracts.push(...readContracts(own, ['event_invalidation'], report));
  const given = childOf(tree, 'contracts');
  const named = new Map<string, Place>();
  const items = given?.kind === 'list' ? itemsOf(given) : given ? [given] : [];
  for (const [i, item] of items.entries()) {
    const pattern = textOf(item);
    if (pattern !== undefined) {
      for (const path of expand(pattern, item.place, from, report)) if (!named.has(path)) named.set(path, item.place);
    } else if (item.kind === 'map') contracts.push(...readInline(item, i, report));
  }
  for (const [path, place] of named) {
    const name = displayName(path, from);
    const read = readText(join(baseDir, path), readFile);
    if (read.ok) {
      const parsed = parseContracts(read.text, name);
      contracts.push(...parsed.contracts);
      tests.push(...parsed.tests);
      report.add(parsed.findings);
    } else {
      const fix = read.why === IS_DIRECTORY ? `write ${clip(path)}/*.yaml` : 'correct the path or the file';
      report.error(
        'CONTRACTS_UNREADABLE',
        place,
        `${clip(name)} cannot be read: ${read.why}`,
        'its contracts would be missing',
        fix,
      );
    }
  }
  return { contracts, tests, findings: report.findings };
}

/** As a person who named the configuration would name a file beside it. */
function displayName(path: string, { file, baseDir }: From): string {
  return resolve(dirname(file)) === baseDir ? join(dirname(file), path) : path;
}

/** A contract in the list, with or without the `event_invalidation:` above it. */
function readInline(item: Tree, i: number, report: Report): readonly Contract[] {
  const inner = childOf(item, 'event_invalidation');
  return inner
    ? readContracts(inner, ['contracts', i, 'event_invalidation'], report)
    : readContracts(item, ['contracts', i], report);
}

function expand(pattern: string, place: Place, { baseDir, file }: From, report: Report): readonly string[] {
  const expanded = expandGlob(baseDir, pattern);
  const named = `"${clip(pattern)}"`;
  if (!expanded.ok) {
    const why = 'contracts are read from files below the directory of the configuration';
    report.error(
      'CONTRACTS_PATH',
      place,
      `${named} is not read: ${expanded.why}`,
      why,
      'write a path relative to it, e.g. contracts/*.yaml',
    );
    return [];
  }
  // `*.yaml` beside the configuration does not mean the configuration itself.
  const paths = expanded.paths.filter((path) => resolve(baseDir, path) !== resolve(file));
  if (paths.length === 0)
    report.error(
      'CONTRACTS_NOT_FOUND',
      place,
      `${named} names no file`,
      'its contracts would be missing',
      'correct the path; it is relative to the configuration',
    );
  return paths;
}
