/** States of a few numbers each, in the order in which they were added, with the state that each was reached from. */
export class StateSet {
  readonly #width: number;
  #words: Uint32Array;
  #parents: Uint32Array;
  /** Open addressing, two words each: the number of a state plus one (or nothing), and its hash. */
  #slots = new Uint32Array(1 << 17);
  #size = 0;

  constructor(width: number) {
    this.#width = width;
    this.#words = new Uint32Array(width << 14);
    this.#parents = new Uint32Array(1 << 14);
  }

  get size(): number {
    return this.#size;
  }

  /** All states, one after the other. Another array after an `add` that had to make room. */
  get words(): Uint32Array {
    return this.#words;
  }

  at(index: number): Uint32Array {
    return this.#words.subarray(index * this.#width, (index + 1) * this.#width);
  }

  copy(index: number, to: Uint32Array): void {
    const base = index * this.#width;
    for (let i = 0; i < this.#width; i++) to[i] = this.#words[base + i]!;
  }

  parent(index: number): number {
    return this.#parents[index]!;
  }

  /** Whether it was new. */
  add(state: Uint32Array, parent: number): boolean {
    const mask = this.#slots.length - 1;
    const hash = this.#hash(state);
    let slot = (hash << 1) & mask;
    for (let known = this.#slots[slot]!; known !== 0; known = this.#slots[slot]!) {
      if (this.#slots[slot + 1] === hash && this.#isSame(state, known - 1)) return false;
      slot = (slot + 2) & mask;
    }
    if (this.#size === this.#parents.length) this.#grow();
    this.#words.set(state, this.#size * this.#width);
    this.#parents[this.#size] = parent;
    this.#slots[slot] = ++this.#size;
    this.#slots[slot + 1] = hash;
    if (this.#size * 4 > this.#slots.length) this.#rehash();
    return true;
  }

  #isSame(state: Uint32Array, index: number): boolean {
    const base = index * this.#width;
    for (let i = 0; i < this.#width; i++) if (state[i] !== this.#words[base + i]) return false;
    return true;
  }

  #hash(state: Uint32Array): number {
    let hash = 0;
    for (let i = 0; i < this.#width; i++) {
      hash = Math.imul(hash ^ state[i]!, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash, 0x85ebca6b);
    return (hash ^ (hash >>> 13)) >>> 0;
  }

  #grow(): void {
    const words = new Uint32Array(this.#words.length * 2);
    words.set(this.#words);
    this.#words = words;
    const parents = new Uint32Array(this.#parents.length * 2);
    parents.set(this.#parents);
    this.#parents = parents;
  }

  #rehash(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    const mask = this.#slots.length - 1;
    for (let from = 0; from < old.length; from += 2) {
      if (old[from] === 0) continue;
      let slot = (old[from + 1]! << 1) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 2) & mask;
      this.#slots[slot] = old[from]!;
      this.#slots[slot + 1] = old[from + 1]!;
    }
  }
}
