import type { Entry } from '../model/entry.ts';
import type { Epoch, Position } from '../model/position.ts';
import type { Violation } from './violation.ts';

export interface LedgerParts {
  readonly now: () => number;
  readonly violated: (violation: Violation) => void;
  readonly tell: ((words: string) => void) | null;
}

/** All that has ever been durable, and what was acknowledged: an acknowledgement must never be ahead (SPEC I6, I7). */
export class Ledger {
  readonly entries: Entry[] = [];
  readonly #parts: LedgerParts;
  /** Where events without a position are, for as long as the journal knows them. */
  readonly #ids = new Map<string, number>();
  readonly #told = new Set<string>();
  readonly #ends = new Map<Epoch, Position>();

  constructor(parts: LedgerParts) {
    this.#parts = parts;
  }

  add(entries: readonly Entry[]): void {
    for (const entry of entries) {
      this.entries.push(entry);
      if (entry.offset !== this.entries.length) this.#broken('I6', `offset ${entry.offset} leaves a hole`);
      this.#note(entry);
    }
  }

  /** What a new process finds on the disk: all that was durable, and perhaps more that had been written. */
  found(entries: readonly Entry[]): void {
    const { length } = this.entries;
    if (entries.length < length) this.#broken('I6', `offsets from ${entries.length + 1} to ${length} are gone`);
    const changed = entries.find(({ event }, i) => i < length && event.id !== this.entries[i]?.event.id);
    if (changed) this.#broken('I6', `offset ${changed.offset} is another event after the crash`);
    this.#parts.tell?.(`starts, with offsets up to ${entries.length}`);
    this.add(entries.slice(length));
  }

  /** Upstream was told that it may forget everything up to a position. */
  acknowledgedPosition(upTo: Position): void {
    for (const end of this.#ends.values()) if (upTo <= end) return;
    this.#broken('I6', `position ${upTo} was acknowledged and is not durable`);
  }

  /** A sender was told that its event is safe. */
  acknowledgedEvent(id: string): void {
    if (!this.#told.has(id)) this.#broken('I6', `event ${id} was acknowledged and is not durable`);
  }

  /** The journal has forgotten what lies below: an event of it that comes once more is a new one (SPEC I7). */
  trimmed(below: number): void {
    for (const [id, offset] of this.#ids) if (offset < below) this.#ids.delete(id);
  }

  #note({ offset, event, position, epoch, commit, source, plan }: Entry): void {
    if (position === null) {
      if (this.#ids.has(event.id)) this.#broken('I7', `event ${event.id} is in the journal twice`);
      this.#ids.set(event.id, offset);
      this.#told.add(event.id);
    } else if (commit && position > (this.#ends.get(epoch) ?? '')) this.#ends.set(epoch, position);
    if (!this.#parts.tell) return;
    const actions = someOf(plan.actions.map(({ kind, target }) => `${kind} ${target}`));
    this.#parts.tell(
      `${offset}: ${event.type} ${event.id} of ${source}${commit ? '' : ' (not its end)'} -> ${actions}`,
    );
  }

  #broken(invariant: Violation['invariant'], words: string): void {
    this.#parts.violated({ invariant, at: this.#parts.now(), words });
  }
}

/** So many that a story stays readable. */
const SOME = 4;

export function someOf(names: readonly string[]): string {
  const more = names.length - SOME;
  return more > 0 ? `${names.slice(0, SOME).join(', ')} and ${more} more` : names.join(', ');
}
