import type { Entry } from '../model/entry.ts';
import type { Action, ActionKind } from '../model/plan.ts';
import { ORIGIN, type Offset } from '../model/position.ts';
import type { OpenTransactions } from './open-transactions.ts';
import type { StampedAction } from '../layers/layer.ts';

/** What counts of an entry here. */
export interface Planned extends Pick<Entry, 'offset' | 'source' | 'commit'> {
  readonly plan: { readonly actions: readonly Action[] };
}

/** What a run of entries asks of one layer. */
export interface Work {
  readonly actions: readonly StampedAction[];
  /** Where the watermark may stand once the actions are applied. */
  readonly watermark: Offset;
}

/**
 * Gathers what entries ask of a layer: only what it can do and is meant for, each target once, with its newest offset.
 * Invalidations are idempotent and only their newest offset matters, so one stands for all of the run.
 */
export function coalesce(
  entries: readonly Planned[],
  layer: { readonly name: string; readonly can: ReadonlySet<ActionKind> },
  open: OpenTransactions,
): Work {
  const newest = new Map<string, { action: Action; at: Offset }>();
  for (const entry of entries) {
    for (const action of entry.plan.actions) {
      if (!layer.can.has(action.kind)) continue;
      if (action.layers && !action.layers.includes(layer.name)) continue;
      const id = `${action.kind}\0${action.namespace ?? ''}\0${action.target}`;
      newest.set(id, { action, at: entry.offset });
    }
    open.see(entry);
  }
  return { actions: [...newest.values()], watermark: open.settled(entries.at(-1)?.offset ?? ORIGIN) };
}
