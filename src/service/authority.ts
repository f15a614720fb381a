import type { Journal } from '../journal/journal.ts';
import type { Authority } from '../layers/layer.ts';
import type { Offset } from '../model/position.ts';

/** What this daemon has to show to a layer that outlives it. `term`: by which it does the work of this layer, where there are several relays. */
export function authorityOf(
  journal: Journal,
  contractHash: () => string,
  { beganAt, term }: { readonly beganAt: Offset; readonly term: () => number | null },
): Authority {
  return {
    // Of several relays one takes the shards over for all, and its term says nothing of when the others began.
    ...(journal.relays ? {} : { since: () => journal.identity.life, beganAt: () => beganAt }),
    claim: () => {
      const { epoch, life } = journal.identity;
      return { epoch, owner: term() ?? life, contractHash: contractHash() };
    },
    settledAt: () => journal.settledAt(),
    renew: () => journal.renew(),
  };
}
