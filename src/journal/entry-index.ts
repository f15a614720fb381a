import type { Entry } from '../model/entry.ts';
import type { Offset, SourceId } from '../model/position.ts';
import { EntryDeque } from './entry-deque.ts';
import { eventKey } from './event-key.ts';
import { Waiting } from './waiting.ts';

/** The entries of a journal that keeps all of them in memory, what is known of their events, and who waits for more. */
export class EntryIndex {
  readonly #entries = new EntryDeque();
  readonly #waiting = new Waiting();
  /** Offsets of events of sources without order, by source and event id. */
  readonly #seen = new Map<string, Offset>();

  get head(): Offset {
    return this.#entries.head as Offset;
  }

  get first(): Offset {
    return this.#entries.first as Offset;
  }

  get size(): number {
    return this.#entries.size;
  }

  get oldest(): Entry | undefined {
    return this.#entries.get(this.first);
  }

  get(offset: number): Entry | undefined {
    return this.#entries.get(offset);
  }

  /** Wakes nobody: a batch is there as a whole or not at all. */
  push(entry: Entry): void {
    this.#entries.push(entry);
    if (entry.position === null) this.#seen.set(eventKey(entry.source, entry.event.id), entry.offset);
  }

  /** The head is where it is going to stay for those who wait. */
  moved(): void {
    this.#waiting.moved(this.head);
  }

  /** Forgets the oldest entry, and what is known of its event, unless that has come once more since. */
  forget(): void {
    const entry = this.#entries.shift();
    if (entry?.position !== null) return;
    const key = eventKey(entry.source, entry.event.id);
    if (this.#seen.get(key) === entry.offset) this.#seen.delete(key);
  }

  known(source: SourceId, id: string): Offset | undefined {
    return this.#seen.get(eventKey(source, id));
  }

  after(offset: Offset, limit: number): readonly Entry[] {
    return this.#entries.after(offset, limit);
  }

  /** Resolves when there is something beyond `after`, or when the signal aborts. */
  changed(after: Offset, signal: AbortSignal): Promise<void> {
    return this.#waiting.beyond(after, this.head, signal);
  }

  /** The newest entries first whose plans name the target, within so many of the last ones. */
  mentions(target: string, limit: number, within: number): readonly Entry[] {
    const found: Entry[] = [];
    const oldest = Math.max(this.first, this.head - within + 1);
    for (let offset: number = this.head; offset >= oldest && found.length < limit; offset--) {
      const entry = this.#entries.get(offset);
      if (entry?.plan.actions.some((action) => action.target === target)) found.push(entry);
    }
    return found;
  }
}
