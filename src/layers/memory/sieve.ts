/** A place in a `Sieve`. Entries carry these fields themselves, so that a hit costs one write and no look-up. */
export interface Sieved {
  visited: boolean;
  newer: this | null;
  older: this | null;
}

/**
 * SIEVE: a queue in order of arrival and a hand that walks from old to new, spares what was read since it last
 * passed, and takes the first that was not. A hit moves nothing; a scan passes through without washing out what is
 * read often. Zhang et al., "SIEVE is Simpler than LRU", NSDI 2024.
 */
export class Sieve<T extends Sieved> {
  #newest: T | null = null;
  #oldest: T | null = null;
  #hand: T | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get oldest(): T | null {
    return this.#oldest;
  }

  add(entry: T): void {
    entry.visited = false;
    entry.newer = null;
    entry.older = this.#newest;
    if (this.#newest) this.#newest.newer = entry;
    else this.#oldest = entry;
    this.#newest = entry;
    this.#size++;
  }

  remove(entry: T): void {
    if (this.#hand === entry) this.#hand = entry.newer;
    if (entry.newer) entry.newer.older = entry.older;
    else this.#newest = entry.older;
    if (entry.older) entry.older.newer = entry.newer;
    else this.#oldest = entry.newer;
    entry.newer = null;
    entry.older = null;
    this.#size--;
  }

  /** The entry to give up next; it stays until `remove`. Ends after at most one round, since each spared entry is marked. */
  victim(): T | null {
    let entry = this.#hand ?? this.#oldest;
    while (entry?.visited) {
      entry.visited = false;
      entry = entry.newer ?? this.#oldest;
    }
    this.#hand = entry;
    return entry;
  }
}
