import type { Contract, ContractAction, Place } from '../contracts/contract.ts';
import type { Finding } from '../contracts/finding.ts';
import type { Report } from '../contracts/report.ts';
import { didYouMean, listed } from '../contracts/suggest.ts';
import { childOf, itemsOf, textOf } from '../contracts/tree.ts';
import type { Tree } from '../contracts/yaml-tree.ts';
import { EVERY_NAMESPACE } from '../model/plan.ts';
import type { Kinds } from './kinds.ts';
import { isLoopback, parseListen } from './listen.ts';
import { partNames } from './parts.ts';

const START: Place = { line: 1, column: 1 };

export interface Referring {
  /** The configuration as written: also what has mistakes has a name. */
  readonly tree: Tree;
  readonly contracts: readonly Contract[];
  readonly kinds: Kinds;
  /** Projections that the program gives as functions. */
  readonly functions: readonly string[];
}

/** Names that lead nowhere: each would silently invalidate nothing, so each is an error. */
export function checkReferences({ tree, contracts, kinds, functions }: Referring, report: Report): void {
  const { sources, layers } = partNames(tree, kinds);
  const known: Known = {
    source: sources,
    layer: layers,
    namespace: keysOf(childOf(tree, 'namespaces')),
    projection: [...keysOf(childOf(tree, 'projections')), ...functions],
  };
  checkNamespaces(childOf(tree, 'namespaces'), known, report);
  checkAudited(childOf(tree, 'auditor'), known, report);
  checkNames(contracts, report);
  for (const contract of contracts) checkContract(contract, known, report);
  checkListen(tree, report);
}

const keysOf = (tree: Tree | undefined): string[] => (tree?.kind === 'map' ? tree.entries.map(({ key }) => key) : []);

type Thing = 'source' | 'layer' | 'namespace' | 'projection';
type Known = Readonly<Record<Thing, readonly string[]>>;

function unknown(thing: Thing, name: string, known: Known, file: string, place: Place): Finding {
  const choices = known[thing];
  return {
    severity: 'error',
    code: `${thing.toUpperCase()}_UNKNOWN`,
    file,
    line: place.line,
    column: place.column,
    what: `there is no ${thing} "${name}"`,
    why: `configured are: ${listed(choices)}`,
    fix: didYouMean(name, choices, `add it under "${thing}s:" in the configuration`),
  };
}

function checkNamespaces(tree: Tree | undefined, known: Known, report: Report): void {
  for (const { value } of tree?.kind === 'map' ? tree.entries : [])
    for (const item of itemsOf(childOf(value, 'sources'))) {
      const name = textOf(item);
      if (name !== undefined && !known.source.includes(name))
        report.add([unknown('source', name, known, report.file, item.place)]);
    }
}

function checkAudited(tree: Tree | undefined, known: Known, report: Report): void {
  for (const item of itemsOf(childOf(tree, 'namespaces'))) {
    const name = textOf(item);
    if (name !== undefined && !known.namespace.includes(name))
      report.add([unknown('namespace', name, known, report.file, item.place)]);
  }
}

function checkContract(contract: Contract, known: Known, report: Report): void {
  const { file, source, places } = contract;
  const place = placeOf(contract, START);
  if (source !== undefined && !known.source.includes(source))
    report.add([unknown('source', source, known, file, places?.source ?? place)]);
  const reported = new Set<string>();
  for (const action of contract.actions)
    for (const finding of actionFindings(action, known, file, place)) {
      // Layers of the contract are those of each of its actions: told once.
      const id = `${finding.line}:${finding.column}:${finding.what}`;
      if (!reported.has(id)) report.add([finding]);
      reported.add(id);
    }
}

function actionFindings(action: ContractAction, known: Known, file: string, around: Place): Finding[] {
  const { kind, template, namespace, layers = [], places } = action;
  const place = placeOf(action, around);
  const findings: Finding[] = [];
  const check = (thing: Thing, name: string, at: Place | undefined): void => {
    if (!known[thing].includes(name)) findings.push(unknown(thing, name, known, file, at ?? place));
  };
  if (kind === 'refresh_projection') check('projection', template, places?.target);
  if (kind === 'purge_namespace' && template !== EVERY_NAMESPACE) check('namespace', template, places?.target);
  if (namespace !== undefined) check('namespace', namespace, places?.namespace);
  for (const [i, layer] of layers.entries()) check('layer', layer, places?.layers?.[i]);
  return findings;
}

function placeOf({ line, column }: { readonly line?: number; readonly column?: number }, otherwise: Place): Place {
  return line === undefined ? otherwise : { line, column: column ?? 1 };
}

/** Names that were given; those made from triggers are told apart by themselves. */
function checkNames(contracts: readonly Contract[], report: Report): void {
  const first = new Map<string, Contract>();
  for (const contract of contracts) {
    const name = contract.given;
    if (name === undefined) continue;
    const other = first.get(name);
    if (!other) first.set(name, contract);
    else {
      const { line, column } = placeOf(contract, START);
      report.add([
        {
          severity: 'error',
          code: 'CONTRACT_NAME_DUPLICATE',
          file: contract.file,
          line,
          column,
          what: `a second contract is named "${name}"`,
          why: `the first is at ${other.file}:${other.line}; plans and dead letters tell contracts apart by name`,
          fix: 'give it another name, or none',
        },
      ]);
    }
  }
}

function checkListen(tree: Tree, report: Report): void {
  const server = childOf(tree, 'server');
  const listen = childOf(server, 'listen');
  const given = listen?.kind === 'scalar' ? listen.value : null;
  const address = typeof given === 'string' || typeof given === 'number' ? parseListen(given) : null;
  if (!listen || !address || isLoopback(address.host) || childOf(server, 'admin_token')) return;
  const what = `"server.listen" is ${address.host}, which others can reach, and there is no "admin_token"`;
  const why = 'anybody who reaches the port could invalidate, replay and read what is cached';
  report.error(
    'LISTEN_PUBLIC_WITHOUT_TOKEN',
    listen.place,
    what,
    why,
    'add "admin_token: ${TIDEMARK_ADMIN_TOKEN}", or listen on 127.0.0.1',
  );
}
