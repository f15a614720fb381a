import type { Origin } from '../layers/memory/store.ts';
import { ORIGIN, type Mono, type Offset, type SourceId } from '../model/position.ts';
import { NEVER } from '../trust/proofs.ts';
import type { Demand } from './demand.ts';
import type { Part, Parts } from './embed.ts';
import { suits, type Flight, type Landing, type Need, type Refused } from './flight.ts';
import { load, toMs, type Loaded } from './load.ts';
import type { ReadOptions, Stamp } from './options.ts';
import { OptionsOrigin, type Again } from './origin.ts';
import type { CacheParts } from './parts.ts';
import type { LoadLease } from './second-layer.ts';
import { NO_PLACES } from './stamping.ts';

/** A slow query is done after this long, a hung one is not: between the 10 s of most gateways and a minute. */
const LOAD_TIMEOUT_MS = 30_000;

/** What a load gave to one of its readers. */
export interface Joined<T> {
  readonly value: T;
  /** As of when the value is known to be current. */
  readonly knownAt: Mono;
  readonly startedAt: Mono;
  /** The same as a part of another value. */
  readonly part: Part<T>;
}

interface Landed<T> extends Landing<T> {
  readonly part: Part<T>;
}

interface Shared<T> extends Flight<T> {
  readonly landing: Promise<Landed<T>>;
}

interface Beginning {
  readonly stamp: Stamp;
  readonly startedAt: Mono;
  readonly path: readonly string[];
  readonly lease: LoadLease | null;
}

export interface Filling extends Pick<Loaded<unknown>, 'value' | 'tags' | 'stamp' | 'knownAt' | 'ahead'> {
  readonly parts?: Parts;
  /** Default: that of the namespace. */
  readonly ttlMs: number | undefined;
  /** When it began to be loaded. Default: now. */
  readonly startedAt?: Mono;
  readonly origin?: Origin;
  /** Of the load, in the layer that is shared. */
  readonly lease?: LoadLease | null;
}

/** Loads of the keys of a namespace: one at a time for all readers that it is new enough for, fenced and stored. */
export class Loads<T> {
  readonly #parts: CacheParts<unknown>;
  readonly #flights = new Map<string, Shared<T>>();
  readonly #told = new Set<SourceId>();
  readonly #again: Again<ReadOptions<T>>;

  constructor(parts: CacheParts<unknown>) {
    this.#parts = parts;
    this.#again = {
      refresh: (options) => {
        this.refreshBehind(options, parts.store.watermark);
      },
      look: (options) => this.#load(options, parts.store.watermark, parts.runtime.clock.mono()),
    };
  }

  /** What a reader that comes now needs of a load. */
  #need(): Need {
    const { store, runtime, policy } = this.#parts;
    return { watermark: store.watermark, at: runtime.clock.mono(), maxStalenessMs: policy.maxStalenessMs };
  }

  /**
   * Joins a load that is new enough, or starts one; tries again when a joined one turns out too old, or not for it.
   *
   * @throws POSITION_UNREACHED; what the load throws
   */
  async join(options: ReadOptions<T>, demand: Demand | null, path: readonly string[] = []): Promise<Joined<T>> {
    const need = this.#need();
    for (let alone = false; ;) {
      const joined: Shared<T> | null = alone ? null : this.#joinable(options, need, demand);
      const flight: Shared<T> = joined ?? this.#start(options, demand, path);
      if (joined) this.#parts.second?.drop(options.key);
      const landing: Landed<T> = await flight.landing;
      demand?.check(landing, `key "${options.key}" of namespace "${this.#parts.policy.name}"`);
      if (!joined || suits(flight, landing, need, this.#parts.shelf.provenAt)) {
        const { startedAt } = flight;
        return { value: landing.value, knownAt: landing.knownAt ?? startedAt, startedAt, part: landing.part };
      }
      // Its next one would most likely skip, too, and readers would load one after the other.
      alone = landing.skipped === true;
    }
  }

  /** Whether a reader that comes now would join a load that is under way. */
  joins(options: ReadOptions<T>, demand: Demand | null): boolean {
    return this.#joinable(options, this.#need(), demand) !== null;
  }

  #joinable(options: ReadOptions<T>, need: Need, demand: Demand | null): Shared<T> | null {
    const flight = this.#flights.get(options.key);
    if (!flight || (demand && !demand.isWithin(flight.demand, flight.stamp))) return null;
    const { store, shelf } = this.#parts;
    if (store.fence.refuses(flight.stamp, shelf.name, options.key, [...flight.tags, ...(options.tags ?? [])]))
      return null;
    const tooOld = need.maxStalenessMs !== undefined && need.at - flight.startedAt > need.maxStalenessMs;
    return tooOld && need.at - shelf.provenAt > (need.maxStalenessMs ?? 0) ? null : flight;
  }

  #start(options: ReadOptions<T>, demand: Demand | null, path: readonly string[] = []): Shared<T> {
    const { store, runtime } = this.#parts;
    // Both before the load begins: the stamp is what has been applied here, never the database's log head (SPEC I1).
    const stamp = store.watermark;
    const startedAt = runtime.clock.mono();
    const flight: Shared<T> = {
      stamp,
      startedAt,
      tags: options.tags ?? [],
      demand,
      landing: this.#leased(options, stamp, startedAt, path).finally(() => {
        if (this.#flights.get(options.key) === flight) this.#flights.delete(options.key);
      }),
    };
    this.#flights.set(options.key, flight);
    return flight;
  }

  /** However it ends, the others wait for it no more. */
  async #leased(options: ReadOptions<T>, stamp: Stamp, startedAt: Mono, path: readonly string[]): Promise<Landed<T>> {
    const { second } = this.#parts;
    const lease = second?.pick(options.key) ?? null;
    try {
      return await this.#land(options, { stamp, startedAt, path, lease });
    } catch (error) {
      second?.release(lease, false);
      throw error;
    }
  }

  async #land(options: ReadOptions<T>, { stamp, startedAt, path, lease }: Beginning): Promise<Landed<T>> {
    const { store, shelf, counts, second } = this.#parts;
    const { key } = options;
    const loaded = await this.#load(options, stamp, startedAt, path);
    const asked = loaded.ttlMs ?? (options.ttl === undefined ? undefined : toMs(options.ttl));
    const part = this.#part(key, loaded, startedAt, asked);
    if (loaded.skipped) {
      counts.skipped++;
      second?.release(lease, true);
      const seen = loaded.stamp;
      const refused = seen === null ? NO_STAMP : store.fence.refuses(seen, shelf.name, key, loaded.tags);
      return { ...loaded, refused, part };
    }
    const origin = this.originOf(options);
    return { ...loaded, part, refused: this.fill(key, { ...loaded, ttlMs: asked, startedAt, origin, lease }) };
  }

  #part(key: string, loaded: Loaded<T>, startedAt: Mono, ttlMs = Infinity): Part<T> {
    const { value, tags, stamp, knownAt, ahead, skipped, parts } = loaded;
    const { name: namespace, ttlMs: bound } = this.#parts.policy;
    const expiresAt = Math.min((knownAt === NEVER ? startedAt : knownAt) + Math.min(ttlMs, bound), parts.expiresAt);
    return { value, embeds: [{ namespace, key, tags }, ...parts.embeds], stamp, knownAt, expiresAt, ahead, skipped };
  }

  /** Why it was not stored; `null` when it was. */
  fill(key: string, filling: Filling): Landing<T>['refused'] {
    const { store, shelf, runtime, second } = this.#parts;
    const { stamp, ahead, knownAt: loadedAt, value, tags, parts, origin, lease = null } = filling;
    const foreign = parts?.foreign ?? null;
    if (foreign !== null) this.#tellForeign(key, foreign);
    let refused: Landing<T>['refused'] = foreign === null ? NO_STAMP : FOREIGN_PART;
    if (stamp !== null && foreign === null) {
      const now = runtime.clock.mono();
      // Counted from the time as of which it is known; without one from the fill, so what the load took is taken off.
      const took = loadedAt === NEVER ? now - (filling.startedAt ?? now) : 0;
      const endsIn = (parts?.expiresAt ?? Infinity) - (loadedAt === NEVER ? now : loadedAt);
      const ttlMs = Math.min(this.#ttl(filling.ttlMs) - took, endsIn);
      const visibleBy = ahead ? Infinity : now;
      const filled = store.fill(
        shelf,
        key,
        { value, tags, embeds: parts?.embeds ?? [], stamp, loadedAt, visibleBy, ttlMs, origin: origin ?? null },
        now,
      );
      refused = filled.stored ? null : { reason: filled.reason, at: filled.at };
      // What ends a value that is made of others, no shared layer knows.
      const isWhole = (parts?.embeds.length ?? 0) === 0;
      if (filled.stored && isWhole)
        second?.fill(key, { value, stamp, tags, ahead, expiresAt: filled.entry.expiresAt }, lease);
      else second?.release(lease, !isWhole);
    } else second?.release(lease, true);
    this.#countFill(key, refused, stamp);
    return refused;
  }

  #load(options: ReadOptions<T>, stamp: Stamp, startedAt: Mono, path: readonly string[] = []): Promise<Loaded<T>> {
    const { store, policy, closing, places = NO_PLACES } = this.#parts;
    const { clock } = this.#parts.runtime;
    const { key, factory, tags = [], atLeast } = options;
    const provers = policy.provable === true ? (policy.provers ?? []) : null;
    const parent = { namespace: policy.name, store, provers, key, path };
    const timeoutMs = options.timeout === undefined ? LOAD_TIMEOUT_MS : toMs(options.timeout);
    return load({ key, parent, tags, factory, atLeast, stamp, startedAt, places, timeoutMs, clock, closing });
  }

  /** The way back to the source of what is stored for a read. */
  originOf(options: ReadOptions<T>): Origin {
    return new OptionsOrigin(this.#again, options);
  }

  /** Whether a load of the key is under way. */
  under(key: string): boolean {
    return this.#flights.has(key);
  }

  /**
   * Loads again behind a reader that has been served already, unless another process does, or has; its failure is told, not thrown.
   * `beyond`: what has to be reflected to be of use.
   */
  refreshBehind(options: ReadOptions<T>, beyond: Offset): void {
    const { second, policy } = this.#parts;
    if (!second || policy.loadWaitMs === 0) {
      this.#refresh(options);
      return;
    }
    const { key, tags = [] } = options;
    void second.turn({ key, tags, origin: this.originOf(options), beyond, waitMs: 0 }).then((turn) => {
      if (turn === 'load') this.#refresh(options);
    });
  }

  #refresh(options: ReadOptions<T>): void {
    const { runtime, policy } = this.#parts;
    if (this.joins(options, null)) {
      this.#parts.second?.drop(options.key);
      return;
    }
    this.#start(options, null).landing.catch((error: unknown) => {
      runtime.log.warn({ err: error, namespace: policy.name, key: options.key }, 'a refresh behind a read failed');
    });
  }

  /** Once is enough: it is a mistake of the configuration. */
  #tellForeign(key: string, source: SourceId): void {
    const { runtime, policy } = this.#parts;
    if (this.#told.has(source)) return;
    this.#told.add(source);
    const fix = `add ${source} to its sources`;
    runtime.log.warn(
      { namespace: policy.name, key, source, fix },
      'a value is not cached: a part of it is fed by a source that its namespace does not name',
    );
  }

  /** Never beyond the backup bound; jitter only shortens. */
  #ttl(asked: number | undefined): number {
    const { policy, runtime } = this.#parts;
    return Math.min(asked ?? policy.ttlMs, policy.ttlMs) * (1 - policy.jitter * runtime.random.next());
  }

  #countFill(key: string, refused: Landing<T>['refused'], stamp: Stamp | null): void {
    const { counts, observer, policy } = this.#parts;
    if (refused) counts.refused++;
    else counts.stored++;
    if (!observer.active) return;
    const fields = { namespace: policy.name, key, ...(stamp === null ? {} : { stamp }) };
    const endedAt = refused?.at ? { endedAt: refused.at } : {};
    if (refused) observer.tell('fill:refused', { ...fields, reason: refused.reason, ...endedAt });
    else observer.tell('fill:stored', fields);
  }
}

/** Nothing that was applied ended it: it is not known what the load has seen. */
const NO_STAMP: { readonly reason: Refused; readonly at: Offset } = { reason: 'no-stamp', at: ORIGIN };
const FOREIGN_PART: { readonly reason: Refused; readonly at: Offset } = { reason: 'foreign-part', at: ORIGIN };
