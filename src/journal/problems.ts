import type { DeadLetter } from '../model/entry.ts';
import type { Offset } from '../model/position.ts';
import type { Unplaced } from './codec.ts';

export type NewLetter = Omit<DeadLetter, 'id'>;

/**
 * The dead letters of a batch's plans: one for each contract's action that could not be planned and its cause, however
 * many events of the batch met it. Kept in the same write as the entries, so that no crash can come between.
 */
export function lettersOf(entries: readonly Unplaced[], firstOffset: number): NewLetter[] {
  const letters = new Map<string, NewLetter>();
  entries.forEach(({ source, event, plan, receivedAt }, index) => {
    for (const { contract, action, template, code, message } of plan.problems) {
      const cause = JSON.stringify([contract, action, template, code]);
      if (letters.has(cause)) continue;
      letters.set(cause, {
        offset: (firstOffset + index) as Offset,
        source,
        stage: 'plan',
        code,
        message: `${action} "${template}" of contract "${contract}": ${message}`,
        event,
        action: null,
        attempts: 1,
        at: receivedAt,
      });
    }
  });
  return [...letters.values()];
}
