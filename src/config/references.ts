import type { Contract, ContractAction, Place } from '../contracts/contract.ts';
import type { Finding } from '../contracts/finding.ts';
import type { Report } from '../contracts/report.ts';
import { didYouMean, listed } from '../contracts/suggest.ts';
import { EVERY_NAMESPACE } from '../model/plan.ts';
import type { Config } from './config.ts';
import { isLoopback } from './listen.ts';

const START: Place = { line: 1, column: 1 };

/** Names that lead nowhere: each would silently invalidate nothing, so each is an error. */
export function checkReferences(config: Config, functions: readonly string[], report: Report): void {
  const known: Known = {
    source: [...config.sources.keys()],
    layer: config.layers.map(({ name }) => name),
    namespace: [...config.namespaces.keys()],
    projection: [...config.projections.keys(), ...functions],
  };
  checkNamespaces(config, known, report);
  checkNames(config.contracts.contracts, report);
  for (const contract of config.contracts.contracts) checkContract(contract, known, report);
  checkListen(config, report);
}

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

function checkNamespaces(config: Config, known: Known, report: Report): void {
  for (const { name, sources } of config.namespaces.values())
    for (const [i, source] of (sources ?? []).entries())
      if (!known.source.includes(source)) {
        const place = config.places?.get(`namespaces.${name}.sources[${i}]`) ?? START;
        report.add([unknown('source', source, known, report.file, place)]);
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

function checkListen(config: Config, report: Report): void {
  const { host, adminToken } = config.server;
  if (isLoopback(host) || adminToken !== undefined) return;
  const place = config.places?.get('server.listen') ?? START;
  report.error(
    'LISTEN_PUBLIC_WITHOUT_TOKEN',
    place,
    `"server.listen" is ${host}, which others can reach, and there is no "admin_token"`,
    'anybody who reaches the port could invalidate, replay and read what is cached',
    'add "admin_token: ${TIDEMARK_ADMIN_TOKEN}", or listen on 127.0.0.1',
  );
}
