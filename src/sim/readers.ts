import type { Cache } from '../client/cache.ts';
import type { ReadOptions, ReadResult } from '../client/options.ts';
import type { NamespaceConfig } from '../config/config.ts';
import type { Shelf } from '../layers/memory/store.ts';
import type { AtLeast } from '../model/token.ts';
import { LEASE_MAX_MS } from '../pipeline/members.ts';
import { NEVER } from '../trust/proofs.ts';
import type { Caching } from './caching.ts';
import { EPSILON_MS, type Checker } from './checker.ts';
import type { Domain, Fact, Target } from './domain.ts';
import { Draw } from './draw.ts';
import type { Facts } from './facts.ts';
import { factOf, versionOf, type Loader } from './loader.ts';
import type { Place } from './place.ts';
import type { Reader } from './plan.ts';
import type { Sabotage } from './sabotage.ts';
import type { SharedServer } from './shared-server.ts';
import type { Violation } from './violation.ts';
import { noReads } from './totals.ts';
import { Wholes } from './wholes.ts';

/** How long a load may take; also the most that a joined load can be older than its reader. */
const LOAD_TIMEOUT_MS = 3_000;
/** Reads that wait for loads at a time: more would only wait for the same ones. */
const WAITING_MAX = 200;

export interface ReadersParts {
  readonly domain: Domain;
  /** Those of the domain's targets that are read; `null`: all. */
  readonly targets: readonly number[] | null;
  readonly namespaces: ReadonlyMap<string, NamespaceConfig>;
  readonly facts: Facts;
  readonly inner: Checker;
  /** `null`: there is no outer layer. */
  readonly outer: Checker | null;
  readonly loader: Loader;
  readonly now: () => number;
  readonly seed: number;
  /** What the choices of its readers are called, apart from those of other processes. */
  readonly label: string;
  /** By whose clock what is shared lives; `null`: nothing is. */
  readonly server: Pick<SharedServer, 'graceMs'> | null;
  readonly sabotages: ReadonlySet<Sabotage>;
  readonly violated: (violation: Violation) => void;
  readonly tell: ((words: string) => void) | null;
}

/** Reads that were answered and checked, by the way they were made. */
export interface ReadCounts {
  hits: number;
  loads: number;
  proofs: number;
  peeks: number;
  outer: number;
  /** Of values that others are embedded in. */
  wholes: number;
  /** Of two keys at one moment. */
  pairs: number;
  /** By a session that has written. */
  own: number;
  /** Of what all processes were said to have applied, in each of them. */
  everywhere: number;
}

/** The application's readers, and the check of each of their answers. */
export class Readers {
  readonly counts: ReadCounts = noReads();
  readonly #parts: ReadersParts;
  /** With holes for what is not read, so that leaving something out does not change when the rest is read. */
  readonly #places: readonly (Place | null)[];
  readonly #wholes: Wholes;
  #waiting = 0;

  constructor(parts: ReadersParts) {
    this.#parts = parts;
    const shelves = new Map<string, Shelf>();
    const { targets } = parts.domain;
    this.#places = targets.map((target, i) => {
      if (parts.targets?.includes(i) === false) return null;
      const policy = parts.namespaces.get(target.namespace);
      if (!policy) throw new Error(`no namespace ${target.namespace}`);
      let shelf = shelves.get(target.namespace);
      if (!shelf) shelves.set(target.namespace, (shelf = { name: target.namespace, provenAt: NEVER }));
      return { target, policy, boundMs: boundOf(policy), shelf };
    });
    const { facts, sabotages, now, violated, inner } = parts;
    this.#wholes = new Wholes({
      facts,
      places: this.#places,
      sabotages,
      timeoutMs: LOAD_TIMEOUT_MS,
      now,
      options: (process, place) => this.#options(process, place),
      least: ({ target }) => inner.least[target.fact] ?? 0,
      check: (place, value, asOf, least) => {
        this.#check(place, value, asOf, least);
      },
      violated,
    });
  }

  get #graceMs(): number {
    return this.#parts.server?.graceMs ?? 0;
  }

  /** Sets the readers of a new process to work. */
  start(process: Caching, readers: readonly Reader[]): void {
    this.#waiting = 0;
    this.#wholes.start();
    for (const reader of readers)
      this.#again(process, reader, new Draw(this.#parts.seed, `${this.#parts.label} ${reader.id}`), []);
  }

  /** Reads what a fact is in as a session does that has written it at `atLeast`. */
  readOwn(process: Caching, fact: Fact, version: number, atLeast: AtLeast, wait = 0): void {
    for (const place of this.#places) {
      if (place?.target.fact !== fact) continue;
      this.#cache(process, place)
        .getOrSet({ ...this.#options(process, place), atLeast, wait })
        .then(
          (value) => {
            if (process.clock.dead) return;
            this.counts.own++;
            if (versionOf(value) >= version) return;
            const words = `${place.target.key} reads as version ${versionOf(value)} to the writer of ${version}`;
            this.#parts.violated({ invariant: 'I10', at: this.#parts.now(), words, key: place.target.key });
          },
          () => undefined,
        );
    }
  }

  /**
   * What this process serves of a fact, at the moment at which its end was said to be everywhere. One that was not said to have applied
   * it may serve only what its namespace lets it serve unproven.
   */
  everywhere(process: Caching, fact: Fact, version: number, isSaid: boolean): void {
    for (const place of this.#places) {
      if (place?.target.fact !== fact || !place.target.hard) continue;
      const { policy, target } = place;
      if (!isSaid && !(isStrict(policy) && (policy.maxStalenessMs ?? Infinity) <= LEASE_MAX_MS)) continue;
      const value = this.#cache(process, place).peek(target.key);
      if (value === undefined) continue;
      this.counts.everywhere++;
      if (versionOf(value) >= version) continue;
      const words = `${target.key} in ${target.namespace} as version ${versionOf(value)}, and ${version} is said to be everywhere`;
      this.#broken(target, 'I22', words);
    }
  }

  /** What is cached once everything is still; `null` when it is all as in the database. */
  differing(process: Caching): string | null {
    for (const place of this.#places) {
      if (place?.target.channel !== 'feed' || !place.target.hard) continue;
      const value = this.#cache(process, place).peek(place.target.key);
      const newest = this.#parts.facts.newest(place.target.fact);
      if (value === undefined || versionOf(value) === newest) continue;
      return `${place.target.key} in ${place.target.namespace} is cached as version ${versionOf(value)}, is ${newest}`;
    }
    return this.#wholes.differing(process);
  }

  #again(process: Caching, reader: Reader, draw: Draw, options: ReadOptions<number>[]): void {
    process.clock.after(reader.everyMs, () => {
      this.#burst(process, reader, draw, options);
      this.#again(process, reader, draw, options);
    });
  }

  #burst(process: Caching, { burst }: Reader, draw: Draw, options: ReadOptions<number>[]): void {
    const { inner, outer } = this.#parts;
    const count = this.#places.length;
    if (count === 0) return;
    let at = draw.below(count);
    const step = 1 + draw.below(count);
    inner.sync();
    outer?.sync();
    for (let i = 0; i < burst; i++) {
      at = (at + step) % count;
      const place = this.#places[at];
      if (!place) continue;
      const kind = i & 7;
      if (kind < 3) this.#peek(process, place);
      else if (kind === 3) this.#outer(process, place);
      else if (this.#waiting < WAITING_MAX) {
        const option = (options[at] ??= this.#options(process, place));
        if (kind === 4) this.#prove(process, place, option);
        else if (kind === 5) this.#several('wholes', this.#wholes.whole(process, at));
        else if (kind === 6) this.#several('pairs', this.#wholes.together(process, at));
        else this.#read(process, place, option);
      }
    }
  }

  #peek(process: Caching, place: Place): void {
    const value = this.#cache(process, place).peek(place.target.key);
    if (value === undefined) return;
    this.counts.peeks++;
    this.#checkAge(process, place, value);
    const asOf = this.#parts.now() - place.boundMs - this.#graceMs - process.clock.lackMs;
    this.#check(place, value, asOf, this.#parts.inner.least[place.target.fact] ?? 0);
  }

  #outer(process: Caching, { target, shelf }: Place): void {
    const entry = process.outer?.find(shelf, target.key);
    if (!entry || process.clock.mono() >= entry.expiresAt || entry.expiredAsOf !== null) return;
    this.counts.outer++;
    const version = versionOf(entry.value as number);
    const least = this.#parts.outer?.least[target.fact] ?? 0;
    if (version >= least || !target.hard) return;
    this.#broken(target, 'I1', `outer layer: ${target.key} as version ${version}, ${least} has been applied there`);
  }

  #read(process: Caching, place: Place, options: ReadOptions<number>): void {
    const { inner, now } = this.#parts;
    const since = now();
    const least = inner.least[place.target.fact] ?? 0;
    this.#waiting++;
    this.#cache(process, place)
      .getOrSet(options)
      .then(
        (value) => {
          this.#waiting--;
          if (process.clock.dead) return;
          const waited = now() > since;
          if (waited) this.counts.loads++;
          else this.counts.hits++;
          // A load that is joined may be as old as it may take, and what its process stood still for meanwhile, unless the namespace's
          // bound forbids it. One that ends at the very moment cannot be told from a hit.
          const isBound = place.policy.maxStalenessMs !== undefined && isStrict(place.policy);
          const joinedMs = isBound ? 0 : LOAD_TIMEOUT_MS + process.clock.stillMs;
          const bound = waited || process.clock.stillMs > 0 ? Math.max(place.boundMs, joinedMs) : place.boundMs;
          this.#check(place, value, since - bound - this.#graceMs - process.clock.lackMs, least);
        },
        () => {
          this.#waiting--;
        },
      );
  }

  #prove(process: Caching, place: Place, options: ReadOptions<number>): void {
    const least = this.#parts.inner.least[place.target.fact] ?? 0;
    this.#waiting++;
    this.#cache(process, place)
      .read(options)
      .then(
        (result) => {
          this.#waiting--;
          if (process.clock.dead) return;
          this.counts.proofs++;
          this.#check(place, result.value, this.#parts.now() - result.maxAgeMs - process.clock.lackMs, least);
          this.#checkWords(process, place, result);
          if (result.layer !== 'source') this.#checkAge(process, place, result.value);
        },
        () => {
          this.#waiting--;
        },
      );
  }

  #several(way: 'wholes' | 'pairs', read: Promise<void> | null): void {
    if (!read) return;
    this.#waiting++;
    read.then(
      () => {
        this.#waiting--;
        this.counts[way]++;
      },
      () => {
        this.#waiting--;
      },
    );
  }

  /** The value must be of its key, no older than what has been applied, and current at `asOf`. */
  #check({ target }: Place, value: number, asOf: number, least: number): void {
    const version = versionOf(value);
    if (factOf(value) !== target.fact) this.#broken(target, 'error', `${target.key} gives the value of another key`);
    if (version < least && target.hard) {
      this.#broken(
        target,
        'I1',
        `${target.key} in ${target.namespace} as version ${version}, ${least} has been applied`,
      );
    }
    const endedAt = this.#parts.facts.endedAt(target.fact, version);
    if (endedAt >= asOf - EPSILON_MS) return;
    const claim = `${target.key} in ${target.namespace} as version ${version}, said to be current at ${asOf.toFixed(1)}`;
    this.#broken(target, 'I2', `${claim}, but it ended at ${endedAt.toFixed(1)}`);
  }

  /** By when its load really read, whatever clock counted its TTL. */
  #checkAge({ clock }: Caching, { target, policy }: Place, value: number): void {
    const age = this.#parts.loader.ageOf(value);
    const mayBe = policy.ttlMs + clock.lackMs + this.#graceMs;
    if (age <= mayBe + EPSILON_MS) return;
    this.#broken(target, 'I12', `${target.key} is served ${age.toFixed(0)} ms after its load, beyond its ttl`);
  }

  #checkWords(
    { clock }: Caching,
    { target, policy }: Place,
    { maxAgeMs, asOf, trust, layer }: ReadResult<number>,
  ): void {
    const bound = policy.maxStalenessMs;
    if (maxAgeMs < Infinity && Math.abs(clock.now() - maxAgeMs - asOf) > 1)
      this.#broken(target, 'I11', `${target.key}: asOf ${asOf} and maxAgeMs ${maxAgeMs} do not agree`);
    if (trust === 'fresh' && layer !== 'source' && maxAgeMs > (bound ?? Infinity) + EPSILON_MS)
      this.#broken(target, 'I11', `${target.key} is called fresh at an age of ${maxAgeMs}`);
    // Of what came from a shared layer its own load is not known here, only since when it is proven.
    if (layer !== 'source' && !this.#parts.server && maxAgeMs > policy.ttlMs + EPSILON_MS)
      this.#broken(target, 'I12', `${target.key} is served at an age of ${maxAgeMs}, beyond its ttl`);
  }

  #options(process: Caching, { target, shelf, policy }: Place): ReadOptions<number> {
    const { loader, tell } = this.#parts;
    const { key, tags, lateTags, fact } = target;
    return {
      key,
      tags,
      timeout: LOAD_TIMEOUT_MS,
      factory: async (context) => {
        const { outer } = process;
        const stamp = outer?.watermark;
        const loadedAt = process.clock.mono();
        tell?.(`load ${key} for ${target.namespace} begins with stamp ${context.stamp}`);
        const value = await loader.load(process, fact);
        tell?.(`load ${key} for ${target.namespace} gives version ${versionOf(value)}`);
        if (lateTags) context.setTags(lateTags);
        const allTags = lateTags ?? tags;
        if (outer && stamp !== undefined) {
          outer.fill(shelf, key, { value, tags: allTags, stamp, loadedAt, ttlMs: policy.ttlMs }, process.clock.mono());
        }
        return value;
      },
    };
  }

  #cache(process: Caching, { target }: Place): Cache<number> {
    return process.cache(target.namespace);
  }

  #broken({ key }: Target, invariant: Violation['invariant'], words: string): void {
    this.#parts.violated({ invariant, at: this.#parts.now(), words, key });
  }
}

/** Where policy lets nothing be served beyond the bound. */
function isStrict({ whenUncertain }: NamespaceConfig): boolean {
  return whenUncertain === 'bypass' || whenUncertain === 'error';
}

function boundOf(policy: NamespaceConfig): number {
  return isStrict(policy) ? Math.min(policy.ttlMs, policy.maxStalenessMs ?? Infinity) : policy.ttlMs;
}
