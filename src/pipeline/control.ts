import { CONTRACTS_CHANGED, GAP, UNDECODABLE, type Batch, type ChangeEvent } from '../model/event.ts';
import { EVERY_NAMESPACE, type Plan, type PlannedAction } from '../model/plan.ts';
import type { Epoch, Millis, Position, SourceId } from '../model/position.ts';

/** Event types that Tidemark itself puts into the journal. */
export { CONTRACTS_CHANGED, GAP };
export const INVALIDATION = 'tidemark.invalidation';

/** The source of entries that no configured source announced. */
export const SELF: SourceId = 'tidemark';

interface Control {
  readonly source: SourceId;
  readonly epoch: Epoch;
  readonly position: Position | null;
  readonly event: ChangeEvent;
  readonly receivedAt: Millis;
}

export function controlBatch({ source, epoch, position, event, receivedAt }: Control): Batch {
  return { source, epoch, position, first: 0, commit: true, events: [event], receivedAt };
}

/**
 * Namespaces that a source feeds: those that name it, and those that name none. `null` when that is every namespace.
 */
export type FedBy = (source: SourceId) => readonly string[] | null;

/**
 * What an entry of our own means. History that may be missing, a change that could not be read, or contracts that may
 * have missed something end the trust of everything that they could have ended: a gap is one more invalidation, with
 * an offset like any other (SPEC I5), so fences, watermarks, replay and every layer treat it as such.
 */
export function controlPlan(event: ChangeEvent, contractHash: string, fedBy: FedBy): Plan {
  const namespaces = event.type === CONTRACTS_CHANGED ? null : fedBy(event.source);
  const contract = NAMES[event.type] ?? event.type;
  const actions = (namespaces ?? [EVERY_NAMESPACE]).map((target): PlannedAction => ({
    kind: 'purge_namespace',
    target,
    contract,
    widened: true,
  }));
  const message = 'the source could not read this change, so everything that it feeds was invalidated';
  const problem = { contract, action: 'purge_namespace', template: '', code: 'EVENT_UNDECODABLE', message } as const;
  return { contractHash, actions, problems: event.type === UNDECODABLE ? [problem] : [] };
}

const NAMES: Readonly<Record<string, string>> = {
  [GAP]: 'gap',
  [CONTRACTS_CHANGED]: 'contracts-changed',
  [UNDECODABLE]: 'undecodable',
};

/** Whether the event is one of ours, which no contract plans. */
export function isControl(event: ChangeEvent): boolean {
  return Object.hasOwn(NAMES, event.type);
}
