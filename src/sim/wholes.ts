import type { LoadContext, ReadOptions } from '../client/options.ts';
import type { Caching } from './caching.ts';
import type { Facts } from './facts.ts';
import { factOf, versionOf } from './loader.ts';
import type { Place } from './place.ts';
import type { Sabotage } from './sabotage.ts';
import type { Violation } from './violation.ts';

/** How long a read of a pair may wait for a proof. */
const PAIR_WAIT_MS = 2_000;

export interface WholesParts {
  readonly facts: Facts;
  readonly places: readonly (Place | null)[];
  readonly sabotages: ReadonlySet<Sabotage>;
  readonly timeoutMs: number;
  readonly now: () => number;
  readonly options: (process: Caching, place: Place) => ReadOptions<number>;
  /** The least version that a reader that comes now may get. */
  readonly least: (place: Place) => number;
  readonly check: (place: Place, value: number, asOf: number, least: number) => void;
  readonly violated: (violation: Violation) => void;
}

/** Reads of more than one key: values that two others are embedded in, and pairs as they were at one moment. */
export class Wholes {
  readonly #parts: WholesParts;
  /** For each place the next one of its namespace that the feed tells of. */
  readonly #partners: readonly (Place | null)[];
  #pairs = 0;

  constructor(parts: WholesParts) {
    const { places } = parts;
    this.#parts = parts;
    this.#partners = places.map((place, at) => {
      if (place?.target.channel !== 'feed') return null;
      const others = [...places.slice(at + 1), ...places.slice(0, at)];
      const isPartner = (other: Place | null): boolean =>
        other?.target.channel === 'feed' && other.target.namespace === place.target.namespace;
      return others.find(isPartner) ?? null;
    });
  }

  /** Forgets reads that the last process did not answer. */
  start(): void {
    this.#pairs = 0;
  }

  /** A read of the whole that a place and its partner make; `null` when it has none. */
  whole(process: Caching, at: number): Promise<void> | null {
    const { places, timeoutMs, now, least, check } = this.#parts;
    const pair = this.#pair(places[at], this.#partners[at]);
    if (!pair) return null;
    const cache = process.cache(pair[0].target.namespace);
    const leasts = pair.map(least);
    const factory = (context: LoadContext): Promise<number[]> =>
      Promise.all(pair.map((place) => this.#part(process, context, place)));
    const options = { key: wholeKey(at), timeout: timeoutMs, factory };
    return cache.read(options as unknown as ReadOptions<number>).then((result) => {
      if (process.clock.dead) return;
      const values = result.value as unknown as readonly number[];
      const asOf = now() - result.maxAgeMs - process.clock.lackMs;
      for (const [i, place] of pair.entries()) check(place, values[i] ?? NaN, asOf, leasts[i] ?? 0);
    });
  }

  /** A read of a place and its partner at one moment; `null` when there is none, or one is under way. */
  together(process: Caching, at: number): Promise<void> | null {
    const { places, options, sabotages } = this.#parts;
    const pair = this.#pair(places[at], this.#partners[at]);
    if (!pair || this.#pairs > 0) return null;
    this.#pairs++;
    const byKey = new Map(pair.map((place) => [place.target.key, options(process, place)]));
    const read = process.cache(pair[0].target.namespace).getMany({
      keys: [...byKey.keys()],
      tags: (key) => byKey.get(key)?.tags ?? [],
      timeout: this.#parts.timeoutMs,
      wait: PAIR_WAIT_MS,
      consistent: !sabotages.has('pairs-apart'),
      factory: (context) => byKey.get(context.key)?.factory(context) ?? NaN,
    });
    return read
      .finally(() => {
        this.#pairs = Math.max(0, this.#pairs - 1);
      })
      .then((values) => {
        if (!process.clock.dead) this.#checkTogether(pair, values);
      });
  }

  /** A whole that is cached, once everything is still, and not made of what is in the database; `null`: none. */
  differing(process: Caching): string | null {
    const { places, facts } = this.#parts;
    for (const at of places.keys()) {
      const pair = this.#pair(places[at], this.#partners[at]);
      if (!pair?.every(({ target }) => target.hard)) continue;
      const values = process.cache(pair[0].target.namespace).peek(wholeKey(at)) as readonly number[] | undefined;
      const wrong =
        values && pair.findIndex(({ target }, i) => versionOf(values[i] ?? NaN) !== facts.newest(target.fact));
      if (wrong === undefined || wrong < 0) continue;
      const { key, fact, namespace } = pair[wrong]?.target ?? pair[0].target;
      return `${key} in ${wholeKey(at)} of ${namespace} is cached as version ${versionOf(values?.[wrong] ?? NaN)}, is ${facts.newest(fact)}`;
    }
    return null;
  }

  #pair(first: Place | null | undefined, second: Place | null | undefined): readonly [Place, Place] | null {
    return first && second ? [first, second] : null;
  }

  #part(process: Caching, context: LoadContext, place: Place): Promise<number> {
    const { options, sabotages } = this.#parts;
    const cache = process.cache(place.target.namespace);
    if (sabotages.has('parts-forgotten')) return cache.getOrSet(options(process, place));
    return context.embed(cache, options(process, place));
  }

  #checkTogether(pair: readonly Place[], values: readonly number[]): void {
    const { facts, now, violated } = this.#parts;
    const versions = values.map((value) => ({ fact: factOf(value), version: versionOf(value) }));
    const from = Math.max(...versions.map(({ fact, version }) => facts.since(fact, version)));
    const to = Math.min(...versions.map(({ fact, version }) => facts.endedAt(fact, version)));
    if (from <= to) return;
    const words = `${pair.map(({ target }, i) => `${target.key} as version ${versions[i]?.version}`).join(' and ')} were never together`;
    violated({ invariant: 'I17', at: now(), words, key: pair[0]?.target.key ?? '' });
  }
}

function wholeKey(at: number): string {
  return `whole:${at}`;
}
