import { TidemarkError } from '../errors.ts';
import type { PlannedBatch } from '../model/entry.ts';
import { CONTRACTS_CHANGED, type ChangeEvent } from '../model/event.ts';
import type { JsonObject } from '../model/json.ts';

/** The contracts that an event adopts; `null`: it is another event. */
export function adoptionOf({ type, data }: Pick<ChangeEvent, 'type' | 'data'>): string | null {
  if (type !== CONTRACTS_CHANGED || typeof data !== 'object' || data === null || Array.isArray(data)) return null;
  const { hash } = data as JsonObject;
  return typeof hash === 'string' ? hash : null;
}

/**
 * Keeps plans under old contracts from coming behind the adoption of new ones (anomaly C7). Asked where the log has been
 * read up to where the batch is appended, so whoever has not heard of the adoption cannot pass it.
 *
 * @throws CONTRACTS_SUPERSEDED
 */
export function checkAdopted({ source, events, plans }: PlannedBatch, adopted: string | null): void {
  if (adopted === null || events.some((event) => adoptionOf(event) !== null)) return;
  // A plan without a hash is one of nothing.
  const old = plans.find(({ contractHash }) => contractHash !== '' && contractHash !== adopted);
  if (old)
    throw new TidemarkError(
      'CONTRACTS_SUPERSEDED',
      `source ${source} planned with ${old.contractHash}, not ${adopted}`,
    );
}
