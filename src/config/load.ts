import { dirname, resolve } from 'node:path';
import { compileContracts } from '../contracts/compile.ts';
import type { ContractTest, Place } from '../contracts/contract.ts';
import type { Finding } from '../contracts/finding.ts';
import { inOrder, Report, withoutEchoes } from '../contracts/report.ts';
import type { Tree } from '../contracts/yaml-tree.ts';
import { collectContracts } from './collect-contracts.ts';
import type { Config } from './config.ts';
import type { Env } from './env.ts';
import type { ReadFile } from './files.ts';
import type { Kinds } from './kinds.ts';
import { partsOf } from './parts.ts';
import { readConfigTree, resolveConfigTree } from './read-tree.ts';
import { checkReferences } from './references.ts';
import { auditorOf, checkSettings, namespacesOf, projectionsOf, serverOf } from './settings.ts';
import { DEFAULT_RETENTION_MS } from './schema.ts';

export interface LoadOptions {
  /** The path of a `tidemark.yaml`. Or give `text` or `object`; with none of them the defaults are the configuration. */
  readonly file?: string;
  readonly text?: string;
  readonly object?: unknown;
  /** Where relative paths start. Default: the directory of `file`, else the working directory. */
  readonly baseDir?: string;
  readonly env?: Env;
  readonly kinds: Kinds;
  readonly readFile?: ReadFile;
  /** Projections that the program gives as functions: these need not be configured. */
  readonly projections?: readonly string[];
}

export interface LoadedConfig {
  /** `null` when there is any error. */
  readonly config: Config | null;
  /** Every mistake, also of the contract files, from the top. */
  readonly findings: readonly Finding[];
  /** Contract tests that stand beside contracts, for all of them together. */
  readonly tests: readonly ContractTest[];
}

/** Reads a configuration and its contracts, and reports all of their mistakes at once. Never throws for bad input. */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const { file, env = {}, kinds, readFile, projections = [] } = options;
  const baseDir = resolve(options.baseDir ?? (file === undefined ? '.' : dirname(file)));
  const report = new Report(file ?? (options.object === undefined ? 'tidemark.yaml' : '(configuration)'));
  const raw = readConfigTree(options, report);
  if (raw === null) return { config: null, findings: inOrder(report.findings), tests: [] };

  const tree = resolveConfigTree(raw, env, report);
  const settings = checkSettings(tree, report);
  const parts = partsOf(tree, kinds, report);
  const { contracts, tests, findings } = collectContracts({ tree, file: report.file, baseDir, readFile });
  report.add(findings);
  checkReferences({ tree, contracts, kinds, functions: projections }, report);

  let config: Config | null = null;
  if (settings && parts && report.errors === 0) {
    config = {
      baseDir,
      file: file ?? null,
      journal: { ...parts.journal, retentionMs: settings.journal?.retention ?? DEFAULT_RETENTION_MS },
      server: serverOf(settings),
      sources: parts.sources,
      layers: parts.layers,
      namespaces: namespacesOf(settings),
      projections: projectionsOf(settings),
      auditor: auditorOf(settings),
      widenAfter: settings.widen_after,
      contracts: compileContracts(contracts),
      places: placesOf(tree),
    };
  }
  return { config, findings: inOrder(withoutEchoes(report.findings)), tests };
}

/** Where each part was written, three levels down: `namespaces.product.ttl`. */
function placesOf(tree: Tree, path = '', places = new Map<string, Place>()): ReadonlyMap<string, Place> {
  if (tree.kind === 'scalar' || path.split('.').length > 3) return places;
  const children: (readonly [string, Tree, Place])[] =
    tree.kind === 'map'
      ? tree.entries.map(({ key, value, keyPlace }) => [path === '' ? key : `${path}.${key}`, value, keyPlace] as const)
      : tree.items.map((item, i) => [`${path}[${i}]`, item, item.place] as const);
  for (const [name, child, place] of children) {
    places.set(name, place);
    placesOf(child, name, places);
  }
  return places;
}
