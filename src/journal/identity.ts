import type { Millis } from '../model/position.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { JournalIdentity } from './journal.ts';

/**
 * The identity of the next opening. A life is the time of the opening, so that a journal which takes the place of a lost
 * one begins above it without knowing it; a clock that was set back counts on from the last.
 */
export function nextIdentity(
  before: JournalIdentity | null,
  { clock, random }: Pick<Runtime, 'clock' | 'random'>,
): JournalIdentity {
  return { epoch: before?.epoch ?? random.id(), life: nextLife(before?.life ?? 0, clock.now()) };
}

function nextLife(last: number, now: Millis): number {
  return Math.max(last + 1, Math.floor(now));
}
