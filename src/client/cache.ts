import { TidemarkError } from '../errors.ts';
import type { Origin, StoredEntry } from '../layers/memory/store.ts';
import { ORIGIN, type Mono, type Offset } from '../model/position.ts';
import { NEVER } from '../trust/proofs.ts';
import { asOf, judge, reasonOf, trustWord, type TrustFacts } from '../trust/trust.ts';
import { factsOf, loadedTrust, loadFacts } from './facts.ts';
import { suits, type Flight, type Landing, type Need, type Refused } from './flight.ts';
import { load, toMs, type Loaded } from './load.ts';
import { factoryOf } from './many.ts';
import type { Duration, ReadManyOptions, ReadOptions, ReadResult, Stamp } from './options.ts';
import { OptionsOrigin, type Again } from './origin.ts';
import type { CacheParts } from './parts.ts';
import { NO_PLACES, Stamping, type Seen } from './stamping.ts';
import { Together, TOGETHER_WAIT_MS } from './together.ts';

/** A slow query is done after this long, a hung one is not: between the 10 s of most gateways and a minute. */
const LOAD_TIMEOUT_MS = 30_000;

/**
 * The cache of one namespace in this process.
 *
 * A read gives what is resident while it can be proven fresh, and loads otherwise. A load is stored only if nothing
 * that it may have missed has been invalidated since it began; its value goes to the reader either way.
 * Values are shared between readers, not copied: treat them as read-only.
 */
export class Cache<T, R = unknown> {
  readonly #parts: CacheParts<R>;
  readonly #flights = new Map<string, Flight<T>>();
  readonly #again: Again<ReadOptions<T>>;

  constructor(parts: CacheParts<R>) {
    this.#parts = parts;
    this.#again = {
      refresh: (options) => {
        this.#refreshBehind(options);
      },
      look: (options) => this.#load(options, parts.store.watermark, parts.runtime.clock.mono()),
    };
  }

  get namespace(): string {
    return this.#parts.policy.name;
  }

  /**
   * The value of a key: from the cache if it can be trusted, else from the factory.
   *
   * @throws FRESHNESS_UNPROVEN under `when_uncertain: error`; LOAD_TIMEOUT; VALUE_UNDEFINED; what the factory throws
   * @example
   * const product = await products.getOrSet({
   *   key: `product:${id}`, tags: [`product-${id}`], factory: () => db.product(id),
   * });
   */
  getOrSet(options: ReadOptions<T>): Promise<T> {
    const { store, shelf, policy, counts, runtime, observer } = this.#parts;
    const entry = store.find(shelf, options.key);
    if (entry?.expiredAsOf === null && options.atLeast === undefined && !observer.active) {
      const now = runtime.clock.mono();
      const known = Math.max(entry.loadedAt, shelf.provenAt);
      if (now < entry.expiresAt && (policy.maxStalenessMs === undefined || now - known <= policy.maxStalenessMs)) {
        counts.hits++;
        return Promise.resolve(entry.value as T);
      }
    }
    return this.#resolve(options, entry).then(({ value }) => value);
  }

  /** As `getOrSet`, with what can be said of the value: as of when, how old at most, proven or not and why. */
  async read(options: ReadOptions<T>): Promise<ReadResult<T>> {
    const { store, shelf, runtime, layer } = this.#parts;
    const { value, facts, upTo } = await this.#resolve(options, store.find(shelf, options.key));
    const now = runtime.clock.mono();
    const maxAgeMs = Math.max(0, now - asOf(facts.entry ?? facts.load));
    const { trust, reason } = facts.entry
      ? { trust: trustWord(facts.entry, now), reason: reasonOf(facts.entry, now) }
      : loadedTrust(facts.load, facts.startedAt, now);
    return {
      value,
      asOf: runtime.clock.now() - maxAgeMs,
      maxAgeMs,
      trust,
      reason,
      upTo,
      layer: facts.entry ? layer : 'source',
    };
  }

  /**
   * Values of several keys, in their order. With `consistent` all are as the source held them at one moment, so that no
   * transaction is seen half; without, each is as `getOrSet` gives it.
   *
   * @throws SNAPSHOT_UNPROVABLE, SNAPSHOT_UNREACHED with `consistent`; and what `getOrSet` throws
   * @example
   * const [from, to] = await accounts.getMany({
   *   keys: ['account:1', 'account:2'], consistent: true,
   *   loadMany: (keys) => db.accounts(keys.map((key) => key.slice('account:'.length))),
   * });
   */
  async getMany(options: ReadManyOptions<T>): Promise<T[]> {
    const { keys, tags, ttl, timeout, consistent = false, wait } = options;
    const factory = factoryOf(options);
    const optionsOf = (key: string): ReadOptions<T> => ({
      key,
      factory,
      ...(tags !== undefined && { tags: typeof tags === 'function' ? tags(key) : tags }),
      ...(ttl !== undefined && { ttl }),
      ...(timeout !== undefined && { timeout }),
    });
    if (!consistent) return Promise.all(keys.map((key) => this.getOrSet(optionsOf(key))));
    const load = (missing: readonly string[]): Promise<unknown> =>
      Promise.all(missing.map((key) => this.#loadNow(optionsOf(key))));
    return new Together<T>(this.#parts, keys, load).read(wait === undefined ? TOGETHER_WAIT_MS : toMs(wait));
  }

  /** What is resident and may be served now, synchronously; `undefined` when nothing is. Never loads, never throws. */
  peek(key: string): T | undefined {
    const entry = this.#parts.store.find(this.#parts.shelf, key);
    if (!entry) return undefined;
    const verdict = judge(factsOf(entry, this.#parts.policy), this.#parts.runtime.clock.mono());
    return verdict === 'serve' || verdict === 'revalidate' ? (entry.value as T) : undefined;
  }

  /**
   * What is resident and may be served now; `undefined` when nothing is.
   *
   * @throws FRESHNESS_UNPROVEN under `when_uncertain: error`
   */
  // eslint-disable-next-line @typescript-eslint/require-await -- throws must become rejections
  async get(options: { readonly key: string }): Promise<T | undefined> {
    const { store, shelf, counts, runtime, policy } = this.#parts;
    const entry = store.find(shelf, options.key);
    const facts = entry && factsOf(entry, policy);
    const now = runtime.clock.mono();
    const verdict = facts ? judge(facts, now) : 'bypass';
    if (facts && verdict === 'error') throw this.#unproven(options.key, facts, now);
    if (entry === null || verdict === 'bypass') {
      counts.misses++;
      return undefined;
    }
    counts.hits++;
    return entry.value as T;
  }

  /** What a value that is read from the source from now on may be `set` with. Take it before the read. */
  stamp(): Stamp {
    return this.#parts.store.watermark;
  }

  /**
   * Stores a value that was not loaded by a factory. Give the `stamp` taken before the value was read; without one the
   * value counts as read now, and nothing protects it against an invalidation that came between its read and this call.
   * `seen` says what was read, as in a factory.
   * Returns whether it was stored: `false` when the fence refused it.
   */
  // eslint-disable-next-line @typescript-eslint/require-await -- throws must become rejections
  async set(options: {
    readonly key: string;
    readonly value: T;
    readonly tags?: readonly string[];
    readonly ttl?: Duration;
    readonly stamp?: Stamp;
    readonly seen?: readonly Seen[];
  }): Promise<boolean> {
    if (options.value === undefined) throw new TidemarkError('VALUE_UNDEFINED', `key "${options.key}"`);
    const { store, places = NO_PLACES } = this.#parts;
    const { key, value, tags = [], seen = [] } = options;
    const stamping = new Stamping(places, options.stamp ?? store.watermark, NEVER);
    for (const one of seen) stamping.see(one);
    const { stamp, ahead } = stamping;
    const ttlMs = this.#ttl(options.ttl === undefined ? undefined : toMs(options.ttl));
    return this.#fill(key, { value, tags, stamp, ahead, knownAt: NEVER, ttlMs }) === null;
  }

  /** Ends the trust of a key in every layer, through the journal. Resolves when that is durable; see `Receipt.layers`. */
  delete(options: { readonly key: string }): Promise<R> {
    return this.#parts.invalidate({ keys: [options.key], namespace: this.namespace });
  }

  deleteByTag(options: { readonly tags: readonly string[] }): Promise<R> {
    return this.#parts.invalidate({ tags: options.tags, namespace: this.namespace });
  }

  /** Soft: readers may get the old value within its bound while it is loaded again. */
  expire(options: { readonly key: string }): Promise<R> {
    return this.#parts.invalidate({ keys: [options.key], namespace: this.namespace, soft: true });
  }

  expireByTag(options: { readonly tags: readonly string[] }): Promise<R> {
    return this.#parts.invalidate({ tags: options.tags, namespace: this.namespace, soft: true });
  }

  /** Ends the trust of everything in the namespace. */
  clear(): Promise<R> {
    return this.#parts.invalidate({ namespaces: [this.namespace] });
  }

  async #resolve(options: ReadOptions<T>, entry: StoredEntry | null): Promise<Resolved<T>> {
    const { counts, runtime, observer, store, policy } = this.#parts;
    const now = runtime.clock.mono();
    const facts = entry && factsOf(entry, policy);
    // What an event has expired does not reflect that event, however far the watermark is: only its own load counts.
    const reached = entry?.expiredAsOf === null ? Math.max(store.watermark, entry.stamp) : (entry?.stamp ?? 0);
    const behind = options.atLeast !== undefined && reached < options.atLeast;
    const verdict = facts && !behind ? judge(facts, now) : 'bypass';
    if (facts && verdict === 'error') throw this.#unproven(options.key, facts, now);
    if (entry && facts && verdict !== 'bypass') {
      counts.hits++;
      // One at a time, also when an event has come since it began: the reader has a value within its bound (anomaly A15).
      const due = facts.expiredAsOf !== null || verdict === 'revalidate';
      if (due && !this.#flights.has(options.key)) this.#refreshBehind(options);
      if (observer.active) observer.tell('cache:hit', { namespace: policy.name, key: options.key });
      // A proof behind the end of its load: nothing of what it saw is beyond the watermark.
      const upTo = entry.visibleBy < facts.provenAt ? store.watermark : undefined;
      return { value: entry.value as T, facts: { entry: facts }, upTo };
    }
    if (entry && facts && now < entry.expiresAt) counts.uncertain++;
    counts.misses++;
    if (observer.active) {
      const reason = facts ? reasonOf(facts, now) : 'not resident';
      observer.tell('cache:miss', { namespace: policy.name, key: options.key, reason });
    }
    return this.#loadNow(options);
  }

  #loadNow(options: ReadOptions<T>): Promise<Resolved<T>> {
    return this.#loadFor(options, this.#need());
  }

  /** What a reader that comes now needs of a load. */
  #need(): Need {
    const { store, runtime, policy } = this.#parts;
    return { watermark: store.watermark, at: runtime.clock.mono(), maxStalenessMs: policy.maxStalenessMs };
  }

  /** Joins a load that is new enough, or starts one; tries again when a joined one turns out too old, or not for it. */
  async #loadFor(options: ReadOptions<T>, need: Need): Promise<Resolved<T>> {
    for (let alone = false; ;) {
      const joined: Flight<T> | null = alone ? null : this.#joinable(options, need);
      const flight: Flight<T> = joined ?? this.#start(options);
      const landing: Landing<T> = await flight.landing;
      if (!joined || suits(flight, landing, need, this.#parts.shelf.provenAt)) {
        const load = loadFacts(landing.knownAt ?? flight.startedAt, this.#parts.policy);
        return { value: landing.value, facts: { entry: null, load, startedAt: flight.startedAt }, upTo: undefined };
      }
      // Its next one would most likely skip, too, and readers would load one after the other.
      alone = landing.skipped === true;
    }
  }

  #joinable(options: ReadOptions<T>, need: Need): Flight<T> | null {
    const flight = this.#flights.get(options.key);
    if (!flight || options.atLeast !== undefined) return null;
    const { store, shelf } = this.#parts;
    if (store.fence.refuses(flight.stamp, shelf.name, options.key, [...flight.tags, ...(options.tags ?? [])]))
      return null;
    const tooOld = need.maxStalenessMs !== undefined && need.at - flight.startedAt > need.maxStalenessMs;
    return tooOld && need.at - shelf.provenAt > (need.maxStalenessMs ?? 0) ? null : flight;
  }

  #start(options: ReadOptions<T>): Flight<T> {
    const { store, runtime } = this.#parts;
    // Both before the load begins: the stamp is what has been applied here, never the database's log head (SPEC I1).
    const stamp = store.watermark;
    const startedAt = runtime.clock.mono();
    const flight: Flight<T> = {
      stamp,
      startedAt,
      tags: options.tags ?? [],
      landing: this.#land(options, stamp, startedAt).finally(() => {
        if (this.#flights.get(options.key) === flight) this.#flights.delete(options.key);
      }),
    };
    this.#flights.set(options.key, flight);
    return flight;
  }

  async #land(options: ReadOptions<T>, stamp: Stamp, startedAt: Mono): Promise<Landing<T>> {
    const { store, shelf, runtime, counts } = this.#parts;
    const { key } = options;
    const loaded = await this.#load(options, stamp, startedAt);
    if (loaded.skipped) {
      counts.skipped++;
      const seen = loaded.stamp;
      const refused = seen === null ? NO_STAMP : store.fence.refuses(seen, shelf.name, key, loaded.tags);
      return { ...loaded, refused };
    }
    const asked = this.#ttl(loaded.ttlMs ?? (options.ttl === undefined ? undefined : toMs(options.ttl)));
    // Counted from the time as of which it is known; without one from the fill, so what the load took is taken off.
    const ttlMs = loaded.knownAt === NEVER ? asked - (runtime.clock.mono() - startedAt) : asked;
    const origin = new OptionsOrigin(this.#again, options);
    return { ...loaded, refused: this.#fill(key, { ...loaded, ttlMs, origin }) };
  }

  /** Why it was not stored; `null` when it was. */
  #fill(key: string, { stamp, ahead, knownAt: loadedAt, value, tags, ttlMs, origin }: Filling): Landing<T>['refused'] {
    const { store, shelf, runtime } = this.#parts;
    let refused: Landing<T>['refused'] = NO_STAMP;
    if (stamp !== null) {
      const now = runtime.clock.mono();
      const visibleBy = ahead ? Infinity : now;
      const filled = store.fill(
        shelf,
        key,
        { value, tags, stamp, loadedAt, visibleBy, ttlMs, origin: origin ?? null },
        now,
      );
      refused = filled.stored ? null : { reason: filled.reason, at: filled.at };
    }
    this.#countFill(key, refused, stamp);
    return refused;
  }

  #load(options: ReadOptions<T>, stamp: Stamp, startedAt: Mono): Promise<Loaded<T>> {
    const { closing, places = NO_PLACES } = this.#parts;
    const { clock } = this.#parts.runtime;
    const { key, factory, tags = [] } = options;
    const timeoutMs = options.timeout === undefined ? LOAD_TIMEOUT_MS : toMs(options.timeout);
    return load({ key, tags, factory, stamp, startedAt, places, timeoutMs, clock, closing });
  }

  /** Loads again behind a reader that has been served already; its failure is told, not thrown. */
  #refreshBehind(options: ReadOptions<T>): void {
    const { runtime, policy } = this.#parts;
    if (this.#joinable(options, this.#need())) return;
    this.#start(options).landing.catch((error: unknown) => {
      runtime.log.warn({ err: error, namespace: policy.name, key: options.key }, 'a refresh behind a read failed');
    });
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

  #unproven(key: string, facts: TrustFacts, now: Mono): TidemarkError {
    return new TidemarkError(
      'FRESHNESS_UNPROVEN',
      `key "${key}" of namespace "${this.namespace}": ${reasonOf(facts, now)}`,
    );
  }
}

interface Resolved<T> {
  readonly value: T;
  /** Of the entry that was served, or of the load that the value came from. */
  readonly facts:
    { readonly entry: TrustFacts } | { readonly entry: null; readonly load: TrustFacts; readonly startedAt: Mono };
  readonly upTo: Offset | undefined;
}

interface Filling extends Pick<Loaded<unknown>, 'value' | 'tags' | 'stamp' | 'knownAt' | 'ahead'> {
  readonly ttlMs: number;
  readonly origin?: Origin;
}

/** Nothing that was applied ended it: it is not known what the load has seen. */
const NO_STAMP: { readonly reason: Refused; readonly at: Offset } = { reason: 'no-stamp', at: ORIGIN };
