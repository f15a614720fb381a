import type { Made } from './last-end.ts';

/** How an entry left: something ended it, its TTL did, or it made room. */
export type How = 'ended' | 'ttl' | 'evicted';

export interface Departure extends Made {
  readonly how: How;
}

/** Some minutes of an ordinary cache; about 200 kB of small objects when full, without the values. */
const DEPARTURES_MAX = 1_024;

/** The newest entries that left, for those who ask where one is: its tags are known to nobody else. */
export class Departures {
  readonly #ring: Departure[] = [];
  #next = 0;

  add(entry: Omit<Made, 'namespace'> & { readonly shelf: { readonly name: string } }, how: How): void {
    const { key, stamp, marks, embeds, shelf } = entry;
    this.#ring[this.#next] = { namespace: shelf.name, key, stamp, marks, embeds, how };
    this.#next = (this.#next + 1) % DEPARTURES_MAX;
  }

  /** The newest of a key, in each namespace that it left. */
  of(key: string): readonly Departure[] {
    const found = new Map<string, Departure>();
    for (let back = 1; back <= this.#ring.length; back++) {
      const departure = this.#ring[(this.#next - back + this.#ring.length) % this.#ring.length];
      if (departure?.key === key && !found.has(departure.namespace)) found.set(departure.namespace, departure);
    }
    return [...found.values()];
  }
}
