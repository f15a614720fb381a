import { dirname, join } from 'node:path';
import type { Contract, ContractTest } from '../contracts/contract.ts';
import type { Finding } from '../contracts/finding.ts';
import { parseContracts, readContracts } from '../contracts/parse.ts';
import { Report } from '../contracts/report.ts';
import { childOf, clip, itemsOf, textOf } from '../contracts/tree.ts';
import type { Tree } from '../contracts/yaml-tree.ts';
import { expandGlob, readText, type ReadFile } from './files.ts';

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
export function collectContracts({ tree, file, baseDir, readFile }: From): Collected {
  const report = new Report(file);
  const contracts: Contract[] = [];
  const tests: ContractTest[] = [];
  const own = childOf(tree, 'event_invalidation');
  if (own) contracts.push(...readContracts(own, ['event_invalidation'], report));
  const given = childOf(tree, 'contracts');
  const paths = new Set<string>();
  const items = given?.kind === 'list' ? itemsOf(given) : given ? [given] : [];
  for (const [i, item] of items.entries()) {
    const pattern = textOf(item);
    if (pattern !== undefined) for (const path of expand(pattern, item, baseDir, report)) paths.add(path);
    else if (item.kind === 'map') contracts.push(...readInline(item, i, report));
  }
  for (const path of paths) {
    const name = join(dirname(file), path);
    const read = readText(join(baseDir, path), readFile);
    if (!read.ok) {
      report.error(
        'CONTRACTS_UNREADABLE',
        given?.place ?? START,
        `${name} cannot be read: ${read.why}`,
        'its contracts would be missing',
        'correct the path or the file',
      );
      continue;
    }
    const parsed = parseContracts(read.text, name);
    contracts.push(...parsed.contracts);
    tests.push(...parsed.tests);
    report.add(parsed.findings);
  }
  return { contracts, tests, findings: report.findings };
}

const START = { line: 1, column: 1 };

/** A contract in the list, with or without the `event_invalidation:` above it. */
function readInline(item: Tree, i: number, report: Report): readonly Contract[] {
  const inner = childOf(item, 'event_invalidation');
  return inner
    ? readContracts(inner, ['contracts', i, 'event_invalidation'], report)
    : readContracts(item, ['contracts', i], report);
}

function expand(pattern: string, item: Tree, baseDir: string, report: Report): readonly string[] {
  const expanded = expandGlob(baseDir, pattern);
  if (!expanded.ok) {
    report.error(
      'CONTRACTS_PATH',
      item.place,
      `"${clip(pattern)}" is not read: ${expanded.why}`,
      'contracts are read from files below the directory of the configuration',
      'write a path relative to it, e.g. contracts/*.yaml',
    );
    return [];
  }
  if (expanded.paths.length === 0)
    report.error(
      'CONTRACTS_NOT_FOUND',
      item.place,
      `"${clip(pattern)}" names no file`,
      'its contracts would be missing',
      'correct the path; it is relative to the configuration',
    );
  return expanded.paths;
}
