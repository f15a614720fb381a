interface Moment {
  readonly at: number;
  readonly n: number;
}

/** What the database has shown of each key, and when: what everybody could see from then on. */
export class History {
  readonly #moments = new Map<string, Moment[]>();

  saw(key: string, n: number, at: number): void {
    let moments = this.#moments.get(key);
    if (!moments) this.#moments.set(key, (moments = []));
    if (n > (moments.at(-1)?.n ?? -1)) moments.push({ at, n });
  }

  /** The least that whoever looks at `time` sees; -1 when nothing is known of then. */
  leastAt(key: string, time: number): number {
    const moments = this.#moments.get(key) ?? [];
    let low = 0;
    let high = moments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (moments[middle]!.at <= time) low = middle + 1;
      else high = middle;
    }
    return moments[low - 1]?.n ?? -1;
  }

  /** When a later state than `n` had been seen; `Infinity` when none has. */
  endOf(key: string, n: number): number {
    return this.#moments.get(key)?.find((moment) => moment.n > n)?.at ?? Infinity;
  }
}
