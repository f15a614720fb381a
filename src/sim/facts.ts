import type { Fact } from './domain.ts';

/** Versions of all facts and when readers could see them. Version 0 was there before the world began. */
export class Facts {
  readonly names: readonly string[];
  /** Per fact and version: since when new readers see it. */
  readonly #since: readonly number[][];

  constructor(names: readonly string[]) {
    this.names = names;
    this.#since = names.map(() => [-Infinity]);
  }

  get count(): number {
    return this.names.length;
  }

  newest(fact: Fact): number {
    return (this.#since[fact]?.length ?? 1) - 1;
  }

  /** Readers see another version from now on. Returns its number. */
  changed(fact: Fact, now: number): number {
    const since = this.#since[fact];
    return since ? since.push(now) - 1 : 0;
  }

  /** Since when readers see a version. */
  since(fact: Fact, version: number): number {
    return this.#since[fact]?.[version] ?? Infinity;
  }

  /** When a newer version took its place; `Infinity`: it has not. */
  endedAt(fact: Fact, version: number): number {
    return this.#since[fact]?.[version + 1] ?? Infinity;
  }

  /** The version that readers saw at a time. */
  at(fact: Fact, time: number): number {
    const since = this.#since[fact] ?? [];
    let version = since.length - 1;
    while (version > 0 && (since[version] ?? 0) > time) version--;
    return version;
  }
}
