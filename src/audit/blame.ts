import type { ContractSet } from '../contracts/contract.ts';
import { templatesFor } from '../contracts/explain.ts';
import { matchesType } from '../contracts/pattern.ts';
import type { Journal } from '../journal/journal.ts';
import { embedsOf, type Embed, type StoredEntry } from '../layers/memory/store.ts';
import type { Entry } from '../model/entry.ts';
import { EVERY_NAMESPACE, type Action, type ActionKind } from '../model/plan.ts';
import type { Offset } from '../model/position.ts';

/** Who should have ended an entry, and what the journal says of it. */
export interface Blame {
  /** Contracts with an action that can end it. */
  readonly contracts: readonly string[];
  /** The newest event that ended it, or would have. */
  readonly lastNamed: Offset | null;
  /** In one or two sentences. */
  readonly words: string;
}

export interface BlameParts {
  readonly journal: Journal;
  readonly contracts: ContractSet;
  readonly layer: string;
  /** What the layer had applied when the entry was found wrong; what came later has no part in it. */
  readonly upTo: Offset;
}

/** How far back the journal is read for one violation: a tenth of a second of it. */
const SEARCH_MAX = 20_000;
const PAGE = 1_000;
const CONTRACTS_SHOWN = 4;

/** Mentions that may be newer than what is looked for: a healing, and what came while this waited for its turn. */
const LATER_MAX = 5;

const ENDS_KEY: ReadonlySet<ActionKind> = new Set<ActionKind>(['delete_key', 'expire_key', 'refresh_key']);
const ENDS_TAG: ReadonlySet<ActionKind> = new Set<ActionKind>(['purge_tag', 'expire_tag']);

interface Suspect {
  readonly contract: string;
  readonly triggers: readonly string[];
  readonly source: string | undefined;
  readonly action: string;
}

/** Which contract should have caught it. Reads the journal; the entry itself may be gone by now. */
export async function blame(entry: StoredEntry, known: BlameParts): Promise<Blame> {
  const { contracts, layer } = known;
  const suspects = suspectsOf(entry, contracts, layer);
  const parts = partsOf(entry);
  const tags = parts.flatMap((part) => part.tags);
  if (suspects.length === 0) {
    const carried = tags.length === 0 ? 'it has no tags' : `its tags are ${tags.slice(0, CONTRACTS_SHOWN).join(', ')}`;
    const words = `Nothing can end this key: no contract has a template that gives it or one of its tags (${carried})`;
    return { contracts: [], lastNamed: null, words };
  }
  const since = await sinceLoad(entry, suspects, known);
  const before = since.named ?? (await lastNamed([...parts.map(({ key }) => key), ...tags], known));
  return {
    contracts: [...new Set(suspects.map(({ contract }) => contract))],
    lastNamed: before?.offset ?? null,
    words: [should(suspects), ...unreached(tags, contracts), whatCame(since, before, layer)].join('. '),
  };
}

/** The entry itself and what is embedded in it: whatever ends one of them ends it. */
function partsOf(entry: StoredEntry): readonly Embed[] {
  const { shelf, key, marks } = entry;
  return [{ namespace: shelf.name, key, tags: marks.map(({ tag }) => tag) }, ...embedsOf(entry)];
}

function suspectsOf(entry: StoredEntry, contracts: ContractSet, layer: string): Suspect[] {
  const parts = partsOf(entry);
  const namespaces = [...parts.map(({ namespace }) => namespace), EVERY_NAMESPACE];
  const found = [
    ...parts.flatMap(({ key }) => templatesFor(contracts, key, ENDS_KEY)),
    ...parts.flatMap(({ tags }) => tags).flatMap((tag) => templatesFor(contracts, tag, ENDS_TAG)),
    ...contracts.contracts.flatMap((contract) =>
      contract.actions
        .filter(({ kind, template }) => kind === 'purge_namespace' && namespaces.includes(template))
        .map((action) => ({ contract, action })),
    ),
  ];
  return found
    .filter(
      ({ action }) =>
        (action.namespace === undefined || namespaces.includes(action.namespace)) &&
        (action.layers?.includes(layer) ?? true),
    )
    .map(({ contract: { name, triggers, source }, action }) => ({
      contract: name,
      triggers,
      source,
      action: `${action.kind}: ${action.template}`,
    }));
}

/** A tag without a contract is what a contract line that is missing looks like. */
function unreached(tags: readonly string[], contracts: ContractSet): string[] {
  const without = tags.filter((tag) => templatesFor(contracts, tag, ENDS_TAG).length === 0);
  if (without.length === 0) return [];
  return [
    `Nothing ends it by its ${without.length === 1 ? 'tag' : 'tags'} ${without.slice(0, CONTRACTS_SHOWN).join(', ')}`,
  ];
}

interface Since {
  readonly stamp: Offset;
  /** Events since the entry's load that a suspect is triggered by. */
  readonly read: number;
  /** One that names the entry: it should have ended it. */
  readonly named: Entry | null;
  readonly all: number;
  readonly complete: boolean;
}

async function sinceLoad(
  entry: StoredEntry,
  suspects: readonly Suspect[],
  { journal, layer, upTo }: BlameParts,
): Promise<Since> {
  const { stamp } = entry;
  let after = stamp;
  let all = 0;
  let read = 0;
  let named: Entry | null = null;
  while (all < SEARCH_MAX) {
    const page = await journal.read(after, PAGE);
    for (const one of page) {
      if (one.offset > upTo) break;
      all++;
      if (suspects.some((suspect) => triggers(suspect, one))) read++;
      if (one.plan.actions.some((action) => names(action, entry, layer))) named = one;
      after = one.offset;
    }
    if (page.length < PAGE || after >= upTo) return { stamp, read, named, all, complete: journal.first <= stamp + 1 };
  }
  return { stamp, read, named, all, complete: false };
}

function triggers(suspect: Suspect, { event, source }: Entry): boolean {
  if (suspect.source !== undefined && suspect.source !== source) return false;
  return suspect.triggers.some((pattern) => matchesType(pattern, event.type));
}

function names(action: Action, entry: StoredEntry, layer: string): boolean {
  return action.layers?.includes(layer) !== false && partsOf(entry).some((part) => namesPart(action, part));
}

function namesPart({ kind, target, namespace }: Action, part: Embed): boolean {
  if (namespace !== undefined && namespace !== part.namespace) return false;
  if (kind === 'purge_namespace') return target === part.namespace || target === EVERY_NAMESPACE;
  return ENDS_KEY.has(kind) ? target === part.key : ENDS_TAG.has(kind) && part.tags.includes(target);
}

async function lastNamed(targets: readonly string[], { journal, upTo }: BlameParts): Promise<Entry | null> {
  const found = await Promise.all(targets.map((target) => journal.mentions(target, LATER_MAX, SEARCH_MAX)));
  return found
    .flat()
    .filter(({ offset }) => offset <= upTo)
    .reduce<Entry | null>((last, one) => (last && last.offset > one.offset ? last : one), null);
}

function should(suspects: readonly Suspect[]): string {
  const shown = suspects
    .slice(0, CONTRACTS_SHOWN)
    .map(({ contract, action, triggers: on }) => `"${contract}" (${action}, on ${on.join(', ')})`);
  const more = suspects.length > CONTRACTS_SHOWN ? ` and ${suspects.length - CONTRACTS_SHOWN} more` : '';
  return `${suspects.length === 1 ? 'The contract that can end it is' : 'The contracts that can end it are'} ${shown.join(', ')}${more}`;
}

function whatCame({ stamp, read, named, all, complete }: Since, before: Entry | null, layer: string): string {
  if (named)
    return `#${named.offset} ${named.event.type} named it and ${layer} still has it: a fault of the layer or of Tidemark`;
  const last = before
    ? `the last that named it was #${before.offset} ${before.event.type}`
    : 'no event that is kept named it';
  const scope = complete ? `Since its load at #${stamp}` : `Of the ${all} events looked at since its load at #${stamp}`;
  const came =
    read === 0
      ? `${scope} no event came that they read`
      : `${scope} ${read === 1 ? '1 event' : `${read} events`} came that they read, and none named it`;
  return `${came}; ${last}. Either the source left a change out, or no contract reads what changed`;
}
