import type { Entry } from '../model/entry.ts';

/** Places given back before the rest is moved to the front: then moving costs O(1) for each entry. */
const COMPACT_AT = 0.5;

/** Entries by offset, appended at one end and forgotten at the other. */
export class EntryDeque {
  #entries: (Entry | undefined)[] = [];
  /** Offset of `#entries[0]`. */
  #base: number;
  #first: number;

  constructor(first = 1) {
    this.#base = first;
    this.#first = first;
  }

  get first(): number {
    return this.#first;
  }

  get head(): number {
    return this.#base + this.#entries.length - 1;
  }

  get size(): number {
    return this.head - this.#first + 1;
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
  }

  get(offset: number): Entry | undefined {
    return offset < this.#first ? undefined : this.#entries[offset - this.#base];
  }

  after(offset: number, limit: number): Entry[] {
    const from = Math.max(offset + 1, this.#first) - this.#base;
    return this.#entries.slice(from, from + limit) as Entry[];
  }

  /** Forgets the oldest entry and returns it. */
  shift(): Entry | undefined {
    const entry = this.get(this.#first);
    if (!entry) return undefined;
    this.#entries[this.#first - this.#base] = undefined;
    this.#first++;
    const given = this.#first - this.#base;
    if (given > this.#entries.length * COMPACT_AT) {
      this.#entries = this.#entries.slice(given);
      this.#base = this.#first;
    }
    return entry;
  }
}
