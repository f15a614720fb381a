import type { Batch } from '../model/event.ts';
import { EVERY_NAMESPACE, type ActionKind, type Plan, type PlannedAction } from '../model/plan.ts';
import type { SourceId } from '../model/position.ts';

/** Actions that end a key or a tag: a bulk change can name any number of them. */
const EXACT: ReadonlySet<ActionKind> = new Set<ActionKind>([
  'delete_key',
  'expire_key',
  'purge_tag',
  'expire_tag',
  'refresh_key',
]);

type Part = Pick<Batch, 'source' | 'epoch' | 'position' | 'first' | 'commit'>;

interface Transaction extends Pick<Part, 'epoch' | 'position'> {
  /** `null`: it has named too many. */
  targets: Set<string> | null;
}

/**
 * Ends whole namespaces in place of keys and tags for what a transaction names beyond a number of them (anomaly B12).
 *
 * Each change beyond it carries the purge itself. One purge at the end would do as well, were it certain to come: after
 * a restart the rest of the transaction may be planned with another number, and what was left out would be lost.
 */
export class Floods {
  readonly #after: number;
  readonly #open = new Map<SourceId, Transaction>();

  constructor(after: number) {
    this.#after = after;
  }

  /** The plans of the next part of a transaction, and whether it is this part in which it has become too many. */
  widen(part: Part, plans: readonly Plan[]): { readonly plans: readonly Plan[]; readonly begun: boolean } {
    const transaction = this.#transaction(part);
    const before = transaction.targets !== null;
    const widened = plans.map((plan) => this.#widenOne(transaction, plan));
    if (part.commit) this.#open.delete(part.source);
    return { plans: widened, begun: before && transaction.targets === null };
  }

  #transaction({ source, epoch, position, first }: Part): Transaction {
    const open = this.#open.get(source);
    if (first > 0 && open?.epoch === epoch && open.position === position) return open;
    const next = { epoch, position, targets: new Set<string>() };
    this.#open.set(source, next);
    return next;
  }

  #widenOne(transaction: Transaction, plan: Plan): Plan {
    for (const { kind, target, namespace = '' } of plan.actions) {
      if (EXACT.has(kind)) transaction.targets?.add(`${kind}\0${namespace}\0${target}`);
    }
    if (transaction.targets && transaction.targets.size <= this.#after) return plan;
    transaction.targets = null;
    const actions = new Map<string, PlannedAction>();
    for (const action of plan.actions) {
      const next = EXACT.has(action.kind) ? purgeFor(action) : action;
      actions.set(JSON.stringify([next.kind, next.target, next.namespace, next.layers]), next);
    }
    return { ...plan, actions: [...actions.values()] };
  }
}

/** A key or a tag without a namespace may be in any of them. */
function purgeFor({ namespace, layers, contract }: PlannedAction): PlannedAction {
  const purge = { kind: 'purge_namespace', target: namespace ?? EVERY_NAMESPACE, contract, widened: true } as const;
  return layers ? { ...purge, layers } : purge;
}
