import { insides } from './insides.ts';

interface Made<T> {
  readonly make: () => T;
  readonly parent: Kept | null;
  readonly act: (object: T) => unknown;
}

/** A state of a production object: a number, the same for the same insides. */
export type Kept = number & { readonly brand: 'Kept' };

/**
 * Production objects as values. They have no way to be copied and should not grow one for tests, so a state of one is
 * what was done to it: the object is made again by doing that, once for each state and act, and what came of it is
 * remembered. States with the same insides are one, however they came about.
 */
export class Keeper<T extends object> {
  readonly #made: Made<T>[] = [];
  readonly #numbers = new Map<string, Kept>();
  readonly #starts = new Map<string, Kept>();
  readonly #acts = new Map<string, { readonly kept: Kept; readonly result: unknown }>();

  /** A new object; `name` tells apart those that are made differently. */
  start(name: string, make: () => T): Kept {
    const known = this.#starts.get(name);
    if (known !== undefined) return known;
    const kept = this.#number(make(), { make, parent: null, act: () => null });
    this.#starts.set(name, kept);
    return kept;
  }

  /** What an act leads to and gives. `name` must tell it from every other act; what it gives must be plain. */
  after<R>(kept: Kept, name: string, act: (object: T) => R): { readonly kept: Kept; readonly result: R } {
    const id = `${kept} ${name}`;
    const known = this.#acts.get(id);
    if (known) return known as { kept: Kept; result: R };
    const object = this.#again(kept);
    const result = act(object);
    const next = this.#number(object, { make: this.#at(kept).make, parent: kept, act });
    const done = { kept: next, result };
    this.#acts.set(id, done);
    return done;
  }

  /** What a look at the object gives. The state stays: whatever looking did, it did to a copy. */
  look<R>(kept: Kept, name: string, look: (object: T) => R): R {
    return this.after(kept, name, look).result;
  }

  get size(): number {
    return this.#made.length;
  }

  #again(kept: Kept): T {
    const acts: Made<T>[] = [];
    for (let at: Kept | null = kept; at !== null; at = this.#at(at).parent) acts.push(this.#at(at));
    const object = this.#at(kept).make();
    for (const { act } of acts.reverse()) act(object);
    return object;
  }

  #number(object: T, made: Made<T>): Kept {
    const inside = insides(object);
    const known = this.#numbers.get(inside);
    if (known !== undefined) return known;
    const kept = this.#made.push(made) - 1;
    this.#numbers.set(inside, kept as Kept);
    return kept as Kept;
  }

  #at(kept: Kept): Made<T> {
    const made = this.#made[kept];
    if (!made) throw new Error(`no state ${kept}`);
    return made;
  }
}
