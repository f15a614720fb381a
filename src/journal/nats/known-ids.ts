import type { Offset, SourceId } from '../../model/position.ts';
import { eventKey } from '../event-key.ts';

/** Where the events of sources without order are, by source and id: the newest so many, and none whose entry is gone. */
export class KnownIds {
  readonly #max: number;
  /** In the order of the offsets. */
  readonly #offsets = new Map<string, readonly [SourceId, string, Offset]>();

  constructor(max: number) {
    this.#max = max;
  }

  get(source: SourceId, id: string): Offset | undefined {
    return this.#offsets.get(eventKey(source, id))?.[2];
  }

  add(source: SourceId, id: string, offset: Offset): void {
    const key = eventKey(source, id);
    this.#offsets.delete(key);
    this.#offsets.set(key, [source, id, offset]);
    if (this.#offsets.size > this.#max) this.#dropOldest();
  }

  forgetBefore(first: Offset): void {
    for (const [key, [, , offset]] of this.#offsets) {
      if (offset >= first) return;
      this.#offsets.delete(key);
    }
  }

  get all(): readonly (readonly [SourceId, string, Offset])[] {
    return [...this.#offsets.values()];
  }

  #dropOldest(): void {
    for (const key of this.#offsets.keys()) {
      this.#offsets.delete(key);
      return;
    }
  }
}
