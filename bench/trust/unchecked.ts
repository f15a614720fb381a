import type { ReadOptions } from '../../src/client/options.ts';
import type { Counts } from '../../src/client/parts.ts';
import type { MemoryStore, Shelf, StoredEntry } from '../../src/layers/memory/store.ts';

/**
 * A hit without its checks: no tag, no expiry, no proof, no clock. What is left is what any cache does: it finds the
 * entry, marks it as read, counts, and gives the value in the same shape of promise. Over the very entries of the store.
 */
export class Unchecked<T> {
  readonly #entries = new Map<string, StoredEntry>();
  readonly #shelf: Shelf;
  readonly #counts: Counts = { hits: 0, misses: 0, uncertain: 0, stored: 0, refused: 0, skipped: 0 };

  /** Sees what is filled from now on. */
  constructor(store: MemoryStore, shelf: Shelf) {
    this.#shelf = shelf;
    store.filled = (entry) => this.#entries.set(entry.key, entry);
  }

  getOrSet(options: ReadOptions<T>): Promise<T> {
    const entry = this.#find(options.key);
    if (entry) {
      this.#counts.hits++;
      return Promise.resolve(entry.value as T);
    }
    return Promise.reject(new Error(`${options.key} is not resident`));
  }

  peek(key: string): T | undefined {
    return this.#find(key)?.value as T | undefined;
  }

  #find(key: string): StoredEntry | null {
    let entry = this.#entries.get(key) ?? null;
    while (entry !== null && entry.shelf !== this.#shelf) entry = entry.sibling;
    if (entry) entry.visited = true;
    return entry;
  }
}
