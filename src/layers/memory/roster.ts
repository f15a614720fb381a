/** A place in a `Roster`. */
export interface Enrolled {
  /** Where it stands; -1 when it does not. */
  place: number;
}

/** Everything that is resident in one row without holes, so that one can be drawn with the same chance as any other. */
export class Roster<T extends Enrolled> {
  readonly #row: T[] = [];

  add(entry: T): void {
    entry.place = this.#row.length;
    this.#row.push(entry);
  }

  /** The last one takes its place. */
  remove(entry: T): void {
    const last = this.#row.pop();
    if (last && last !== entry) {
      last.place = entry.place;
      this.#row[entry.place] = last;
    }
    entry.place = -1;
  }

  /** `chance` is uniform in [0, 1). */
  draw(chance: number): T | null {
    return this.#row[Math.floor(chance * this.#row.length)] ?? null;
  }
}
