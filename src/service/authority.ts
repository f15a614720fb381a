import type { Journal } from '../journal/journal.ts';
import type { Authority } from '../layers/layer.ts';

/** What this daemon has to show to a layer that outlives it. `term`: by which it does the work of this layer, where there are several relays. */
export function authorityOf(journal: Journal, contractHash: () => string, term: () => number | null): Authority {
  return {
    claim: () => {
      const { epoch, life } = journal.identity;
      return { epoch, owner: term() ?? life, contractHash: contractHash() };
    },
    settledAt: () => journal.settledAt(),
    renew: () => journal.renew(),
  };
}
