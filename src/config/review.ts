import type { Contract, Place } from '../contracts/contract.ts';
import type { Finding } from '../contracts/finding.ts';
import { inOrder } from '../contracts/report.ts';
import type { ActionKind } from '../model/plan.ts';
import type { Config, Configured, NamespaceConfig } from './config.ts';
import { undecidable, type Proving } from './decidable.ts';
import { feedingOf, reaches } from './feeding.ts';
import type { Kinds } from './kinds.ts';
import { emittedBy, overlaps, unseenChanges } from './row-changes.ts';

/**
 * What works and will disappoint: weaknesses of the design, told before they are met in production.
 * `functions` are the projections that the program gives as functions.
 */
export function reviewConfig(config: Config, kinds: Kinds, functions: readonly string[] = []): readonly Finding[] {
  const review: Review = { config, kinds, findings: [] };
  for (const namespace of config.namespaces.values()) reviewNamespace(namespace, review);
  for (const [name, source] of config.sources) reviewSource(name, source, review);
  for (const name of config.projections.keys()) reviewProjection(name, functions, review);
  for (const contract of config.contracts.contracts) reviewContract(contract, review);
  reviewRowChanges(review);
  if (config.contracts.contracts.length === 0 && config.namespaces.size > 0)
    warn(review, 'contracts', {
      code: 'CONTRACTS_NONE',
      what: 'there is no contract',
      why: 'no event would end the trust of anything; only the ttl and explicit invalidations would',
      fix: 'name contract files under "contracts:"',
    });
  return inOrder(review.findings);
}

interface Review {
  readonly config: Config;
  readonly kinds: Kinds;
  readonly findings: Finding[];
}

type Remark = Pick<Finding, 'code' | 'what' | 'why' | 'fix'>;

const START: Place = { line: 1, column: 1 };

function warn({ config, findings }: Review, path: string, remark: Remark): void {
  const place = config.places?.get(path) ?? config.places?.get(path.slice(0, path.lastIndexOf('.'))) ?? START;
  findings.push({
    severity: 'warning',
    file: config.file ?? 'tidemark.yaml',
    line: place.line,
    column: place.column,
    ...remark,
  });
}

function warnAt({ findings }: Review, { file }: Contract, place: Place | undefined, remark: Remark): void {
  findings.push({ severity: 'warning', file, line: place?.line ?? 1, column: place?.column ?? 1, ...remark });
}

function canOf({ config, kinds }: Review, source: string): Kinds['sources'][number]['can'] | null {
  const type = config.sources.get(source)?.type;
  return kinds.sources.find((kind) => kind.type === type)?.can ?? null;
}

function provingOf(review: Review): Proving[] {
  const { sources, places } = review.config;
  return Array.from(sources.keys(), (name) => ({
    name,
    prove: canOf(review, name)?.prove ?? false,
    written: places?.has(`sources.${name}`) ?? true,
  }));
}

function reviewNamespace(namespace: NamespaceConfig, review: Review): void {
  const { name, ttlMs, maxStalenessMs } = namespace;
  if (maxStalenessMs !== undefined && ttlMs < maxStalenessMs)
    warn(review, `namespaces.${name}.ttl`, {
      code: 'TTL_BELOW_STALENESS',
      what: `the ttl of "${name}" is shorter than its max_staleness`,
      why: 'an entry ends by its ttl before the bound on its staleness could matter',
      fix: 'make the ttl longer, or remove max_staleness',
    });
  reviewProof(namespace, review);
  reviewFeeding(namespace, review);
  reviewAudit(namespace, review);
  const { contracts } = review.config.contracts;
  if (contracts.length > 0 && !contracts.some((contract) => reaches(contract, name)))
    warn(review, `namespaces.${name}`, {
      code: 'NAMESPACE_WITHOUT_TRIGGER',
      what: `no contract reaches namespace "${name}"`,
      why: 'only its ttl and explicit invalidations end the trust of its entries',
      fix: 'add a contract for what its entries depend on',
    });
}

function reviewProof({ name, maxStalenessMs, sources, whenUncertain }: NamespaceConfig, review: Review): void {
  if (maxStalenessMs === undefined) return;
  const named = sources ?? [...review.config.sources.keys()];
  const without = named.filter((source) => canOf(review, source)?.prove === false);
  if (sources ? without.length === 0 : without.length < named.length) return;
  warn(review, `namespaces.${name}.max_staleness`, {
    code: 'STALENESS_UNPROVABLE',
    what: sources
      ? `"${name}" asks for max_staleness of ${without.join(', ')}, which cannot prove freshness`
      : `"${name}" asks for max_staleness, and no source can prove freshness`,
    why: `without proofs every read is uncertain, so each gets what "when_uncertain: ${whenUncertain}" says`,
    fix: 'name a change feed such as postgres under "sources", or remove max_staleness and rely on the ttl',
  });
}

/** A namespace that names no sources is as old as the oldest of all that prove, whatever its keys depend on. */
function reviewFeeding({ name, maxStalenessMs, sources }: NamespaceConfig, review: Review): void {
  if (maxStalenessMs === undefined || sources) return;
  const { needed, unneeded, unproven } = feedingOf(name, review.config, provingOf(review));
  if (needed.length > 0 && unneeded.length > 0)
    warn(review, `namespaces.${name}.max_staleness`, {
      code: 'SOURCE_UNNEEDED',
      what: `"${name}" is only as fresh as ${unneeded.join(', ')}, which no contract of it hears`,
      why: 'it names no sources, so its age is that of the oldest of all that prove, and its reads become uncertain for nothing',
      fix: `write "sources: [${needed.join(', ')}]"`,
    });
  if (unproven.length > 0)
    warn(review, `namespaces.${name}.max_staleness`, {
      code: 'STALENESS_PARTIAL',
      what: `"${name}" also depends on ${unproven.join(', ')}, which cannot prove freshness`,
      why: 'max_staleness bounds only what comes from sources that prove; an event that is late or lost elsewhere is not noticed',
      fix: 'keep the ttl short enough for those, or add a change feed of the same data',
    });
}

function reviewAudit(namespace: NamespaceConfig, review: Review): void {
  const { auditor } = review.config;
  const { name } = namespace;
  if (!auditor || !(auditor.namespaces?.includes(name) ?? true)) return;
  const why = undecidable(namespace, provingOf(review));
  if (why === null) return;
  warn(review, `namespaces.${name}.sources`, {
    code: 'AUDIT_UNDECIDABLE',
    what: `the auditor cannot decide anything in "${name}"`,
    why: `${why}, so a difference from the source could always be lag`,
    fix: namespace.sources
      ? 'name only sources that prove freshness, such as postgres, or leave the namespace out of "auditor.namespaces"'
      : 'name its sources, all of which must prove freshness, such as postgres, or leave it out of "auditor.namespaces"',
  });
}

function reviewSource(name: string, { type, options }: Configured, review: Review): void {
  if (review.kinds.sources.find((kind) => kind.type === type)?.ungated?.(options))
    warn(review, `sources.${name}.gate`, {
      code: 'SOURCE_UNGATED',
      what: `"${name}" announces changes before readers see them`,
      why: 'a load may read the old row behind the event, so its value is only stored if it says with which snapshot it has read',
      fix: 'load with "stamped" of tidemark/postgres everywhere, or remove "gate: false"',
    });
  const can = canOf(review, name);
  // One that nobody wrote down is there for events from the program itself, which does not lose them.
  if (!can || can.replay || !review.config.places?.has(`sources.${name}`)) return;
  warn(review, `sources.${name}`, {
    code: 'SOURCE_NOT_REPLAYABLE',
    what: `what "${name}" (${type}) sends while nobody listens cannot be read again`,
    why: 'an event that its sender gives up on is lost, and the entries it would have ended live until their ttl',
    fix: 'keep the ttl of what depends on it short, or add a change feed of the same data',
  });
}

function reviewProjection(name: string, functions: readonly string[], review: Review): void {
  const { url } = review.config.projections.get(name) ?? {};
  if (url === undefined && !functions.includes(name))
    warn(review, `projections.${name}`, {
      code: 'PROJECTION_WITHOUT_URL',
      what: `projection "${name}" has no url`,
      why: 'it can then only be refreshed by a function that a program gives to Tidemark.start',
      fix: 'add "url:", unless a program gives the function',
    });
  const used = review.config.contracts.contracts.some(({ actions }) =>
    actions.some(({ kind, template }) => kind === 'refresh_projection' && template === name),
  );
  if (!used)
    warn(review, `projections.${name}`, {
      code: 'PROJECTION_UNUSED',
      what: `no contract refreshes projection "${name}"`,
      why: 'it would never be recomputed',
      fix: `add "refresh_projection: ${name}" to a contract, or remove it`,
    });
}

function reviewContract(contract: Contract, review: Review): void {
  const { forEach, places, triggers } = contract;
  if (forEach && !forEach.limited)
    warnAt(review, contract, places?.forEach, {
      code: 'FOR_EACH_UNBOUNDED',
      what: `"for_each: ${forEach.path}" has no limit`,
      why: `an array of up to ${forEach.limit} items becomes as many actions in every layer`,
      fix: `write "for_each: { path: ${forEach.path}, limit: 1000 }" with the most items that are usual`,
    });
  for (const [i, trigger] of triggers.entries()) reviewTrigger(contract, trigger, places?.triggers?.[i], review);
  for (const action of contract.actions) {
    if (action.kind === 'refresh_projection' || anyLayerCan(action.kind, action.layers, review)) continue;
    warnAt(review, contract, action.places?.target, {
      code: 'ACTION_WITHOUT_LAYER',
      what: `no configured layer${action.layers ? ` of ${action.layers.join(', ')}` : ''} can do "${action.kind}"`,
      why: 'the action would be planned and skipped',
      fix: action.kind === 'purge_url' ? 'configure the HTTP cache as a layer' : 'use another action, or another layer',
    });
  }
}

function anyLayerCan(kind: ActionKind, only: readonly string[] | undefined, { config, kinds }: Review): boolean {
  return config.layers
    .filter(({ name }) => only?.includes(name) ?? true)
    .some(({ type }) => kinds.layers.find((one) => one.type === type)?.can.has(kind) ?? true);
}

function reviewTrigger(contract: Contract, trigger: string, place: Place | undefined, review: Review): void {
  const { source } = contract;
  const { config } = review;
  // The source that is always there may carry any event, so only what was written down is looked at.
  const written = [...config.sources].filter(([name]) => config.places?.has(`sources.${name}`) ?? true);
  const asked = written.filter(([name]) => source === undefined || name === source);
  const emitted = asked.map(([, configured]) => emittedBy(configured));
  if (asked.length === 0 || emitted.some((types) => types === null)) return;
  const types = emitted.flatMap((some) => some ?? []);
  if (types.some((type) => overlaps(trigger, type))) return;
  warnAt(review, contract, place, {
    code: 'TRIGGER_UNREACHABLE',
    what: `no event of ${source === undefined ? 'the configured sources' : `"${source}"`} matches ${trigger}`,
    why: `what they emit: ${[...new Set(types)].slice(0, 12).join(', ')}`,
    fix: 'correct the trigger, or add the table to the source',
  });
}

function reviewRowChanges(review: Review): void {
  for (const { contract, trigger, place, source, missing } of unseenChanges(review.config))
    warnAt(review, contract, place, {
      code: 'ROW_CHANGE_UNSEEN',
      what: `no contract matches ${missing.join(' or ')}, which "${source}" emits as well`,
      why: 'when the row is deleted or its table emptied, what was cached of it is served until its ttl',
      fix: `write "trigger: ${trigger.slice(0, trigger.lastIndexOf('.'))}.*", or [${[trigger, ...missing].join(', ')}]`,
    });
}
