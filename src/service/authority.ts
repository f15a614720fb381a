import type { Journal } from '../journal/journal.ts';
import type { Authority } from '../layers/layer.ts';

/** What this daemon has to show to a layer that outlives it. */
export function authorityOf(journal: Journal, contractHash: () => string): Authority {
  return {
    claim: () => {
      const { epoch, life } = journal.identity;
      return { epoch, owner: life, contractHash: contractHash() };
    },
    settledAt: () => journal.settledAt(),
    renew: () => journal.renew(),
  };
}
