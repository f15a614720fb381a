import type { Contract, Place } from '../contracts/contract.ts';
import { isPattern, matchesType } from '../contracts/pattern.ts';
import type { Config, Configured } from './config.ts';

const ROW_OPS = ['created', 'updated', 'deleted', 'truncated'] as const;

/**
 * The entities of a source that follows tables; `null` for any other. By convention the options of such a source have
 * `tables`, from a table's name to the entity in its event types.
 */
function entitiesOf({ options }: Configured): readonly string[] | null {
  const { tables } = (options ?? {}) as { readonly tables?: unknown };
  return tables instanceof Map ? [...(tables as ReadonlyMap<string, unknown>).values()].map(String) : null;
}

/** The event types of a source that follows tables; `null` when it may emit anything. */
export function emittedBy(source: Configured): readonly string[] | null {
  const entities = entitiesOf(source);
  if (!entities) return null;
  const { messages } = source.options as { readonly messages?: unknown };
  const prefixes = Array.isArray(messages) ? messages.map((prefix) => `message.${String(prefix)}`) : [];
  return [...entities.flatMap((entity) => ROW_OPS.map((op) => `${entity}.${op}`)), ...prefixes];
}

export const overlaps = (trigger: string, type: string): boolean =>
  isPattern(trigger) ? matchesType(trigger, type) : trigger === type;

/** Row changes that end what an update ends, and that nobody asked for. */
export interface Unseen {
  readonly source: string;
  readonly contract: Contract;
  /** The trigger that updates match. */
  readonly trigger: string;
  readonly place: Place | undefined;
  /** The event types that no contract matches. */
  readonly missing: readonly string[];
}

/**
 * Entities of change feeds whose updates some contract asks for while deletes or TRUNCATE match none. What an update
 * makes stale, a delete makes stale as well; a new row need not concern what is cached of another.
 */
export function unseenChanges({ sources, contracts: { contracts } }: Config): readonly Unseen[] {
  return [...sources].flatMap(([source, configured]) =>
    [...new Set(entitiesOf(configured))].flatMap((entity) => {
      const heard = contracts.filter((contract) => contract.source === undefined || contract.source === source);
      const asking = firstAsking(heard, `${entity}.updated`);
      const missing = [`${entity}.deleted`, `${entity}.truncated`].filter((type) => !firstAsking(heard, type));
      return asking && missing.length > 0 ? [{ source, ...asking, missing }] : [];
    }),
  );
}

function firstAsking(
  contracts: readonly Contract[],
  type: string,
): Pick<Unseen, 'contract' | 'trigger' | 'place'> | undefined {
  for (const contract of contracts)
    for (const [i, trigger] of contract.triggers.entries())
      if (overlaps(trigger, type)) return { contract, trigger, place: contract.places?.triggers?.[i] };
  return undefined;
}
