import type { Contract, ContractTest } from './contract.ts';
import type { Finding } from './finding.ts';
import { readContract } from './read-contract.ts';
import { readTestDocument } from './read-tests.ts';
import { inOrder, Report, withoutEchoes } from './report.ts';
import { didYouMean } from './suggest.ts';
import { clip, itemsOf, kindInWords } from './tree.ts';
import { parseYaml } from './yaml.ts';
import type { Place, Tree } from './yaml-tree.ts';

export interface ParsedContracts {
  /** The contracts without mistakes. */
  readonly contracts: readonly Contract[];
  /** Tests that stand beside the contracts, for all of them together. */
  readonly tests: readonly ContractTest[];
  /** Every mistake in the file, from the top. */
  readonly findings: readonly Finding[];
}

const KEYS = ['event_invalidation', 'tests'] as const;

/** Reads a contract file: one or several YAML documents, each with one contract or a list of them. Never throws. */
export function parseContracts(text: string, file: string): ParsedContracts {
  const yaml = parseYaml(text, file);
  const report = new Report(file);
  report.add(yaml.findings);
  const contracts: Contract[] = [];
  const tests: ContractTest[] = [];
  for (const { tree, sound } of yaml.documents) {
    const read = readDocument(tree, report);
    // What stands beside a mistake may not mean what it seems to.
    if (sound) contracts.push(...read.contracts);
    if (sound) tests.push(...read.tests);
  }
  if (yaml.documents.length === 0 && report.findings.length === 0)
    reportNone({ line: 1, column: 1 }, 'the file', report);
  return { contracts, tests, findings: inOrder(withoutEchoes(report.findings)) };
}

function readDocument(tree: Tree, report: Report): Pick<ParsedContracts, 'contracts' | 'tests'> {
  const contracts: Contract[] = [];
  const tests: ContractTest[] = [];
  if (tree.kind !== 'map') {
    const what = `the document is ${kindInWords(tree)}, not a mapping`;
    report.error(
      'TYPE_WRONG',
      tree.place,
      what,
      'contracts stand under "event_invalidation:"',
      'write "event_invalidation:" above them',
    );
    return { contracts, tests };
  }
  for (const { key, keyPlace, value } of tree.entries) {
    if (key === 'event_invalidation') contracts.push(...readContracts(value, [key], report));
    else if (key === 'tests') tests.push(...readTestDocument(value, report));
    else {
      const fix = LOOSE.has(key)
        ? 'write "event_invalidation:" above it and indent it'
        : didYouMean(key, KEYS, 'remove it');
      report.error(
        'KEY_UNKNOWN',
        keyPlace,
        `unknown key "${clip(key)}"`,
        `a contract file takes ${KEYS.join(', ')}`,
        fix,
      );
    }
  }
  return { contracts, tests };
}

function reportNone(place: Place, where: string, report: Report): void {
  report.warning(
    'CONTRACTS_NONE',
    place,
    `${where} holds no contract`,
    'nothing would be invalidated by it',
    'add a contract under "event_invalidation:", or remove it',
  );
}

/** Keys of a contract that stand one level too high. */
const LOOSE = new Set(['trigger', 'actions', 'when', 'for_each', 'layers', 'source', 'name']);

/** The value of `event_invalidation`: one contract or a list. */
export function readContracts(tree: Tree, path: readonly PropertyKey[], report: Report): readonly Contract[] {
  if (tree.kind !== 'list') {
    const contract = readContract(tree, path, report);
    return contract ? [contract] : [];
  }
  if (tree.items.length === 0) reportNone(tree.place, 'the list', report);
  return itemsOf(tree).flatMap((item, i) => readContract(item, [...path, i], report) ?? []);
}
