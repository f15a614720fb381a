import { TidemarkError } from '../tidemark-error.ts';
import type { MemoryStore, StoredEntry } from '../layers/memory/store.ts';
import { ONLY_A_LOAD } from '../layers/shared.ts';
import type { Offset, SourceId } from '../model/position.ts';
import type { AtLeast, Token } from '../model/token.ts';
import { NEVER } from '../trust/proofs.ts';
import { asOf, judge } from '../trust/trust.ts';
import { inWords } from '../trust/words.ts';
import { Demand } from './demand.ts';
import { partOf, type Embeddable, type Part } from './embed.ts';
import { factsOf, loadFacts, surelyServes } from './facts.ts';
import { toMs } from './load.ts';
import { Loads } from './loads.ts';
import { factoryOf } from './many.ts';
import type { Duration, ReadManyOptions, ReadOptions, ReadResult, Stamp } from './options.ts';
import type { CacheParts } from './parts.ts';
import { NO_PLACES, Stamping, type Seen } from './stamping.ts';
import type { SecondLayer } from './second-layer.ts';
import { Together, TOGETHER_WAIT_MS } from './together.ts';
import { Why, type Served } from './why.ts';

/** As long as somebody waits for a page: longer than nearly every load, and a load that is slower is slower still when all begin it. */
const LOAD_WAIT_MS = 2_000;

/**
 * The cache of one namespace in this process.
 *
 * A read gives what is resident while it can be proven fresh, and loads otherwise. A load is stored only if nothing
 * that it may have missed has been invalidated since it began; its value goes to the reader either way.
 * Values are shared between readers, not copied: treat them as read-only.
 */
export class Cache<T, R = unknown> implements Embeddable<T> {
  readonly #parts: CacheParts<R>;
  readonly #loads: Loads<T>;
  readonly #why: Why;

  constructor(parts: CacheParts<R>) {
    this.#parts = parts;
    this.#loads = new Loads(parts);
    this.#why = new Why(parts);
  }

  get namespace(): string {
    return this.#parts.policy.name;
  }

  get #shift(): number {
    return this.#parts.places?.shift ?? 0;
  }

  /**
   * The value of a key: from the cache if it can be trusted, else from the factory.
   *
   * @throws FRESHNESS_UNPROVEN under `when_uncertain: error`; LOAD_TIMEOUT; VALUE_UNDEFINED; TOKEN_INVALID and
   * POSITION_UNREACHED with `atLeast`; what the factory throws
   * @example
   * const product = await products.getOrSet({
   *   key: `product:${id}`, tags: [`product-${id}`], factory: () => db.product(id),
   * });
   */
  getOrSet(options: ReadOptions<T>): Promise<T> {
    const { store, shelf, policy, counts, runtime, observer } = this.#parts;
    const entry = store.find(shelf, options.key);
    if (entry !== null && options.atLeast === undefined && !observer.active) {
      if (surelyServes(entry, policy.maxStalenessMs, runtime.clock.atLatest())) {
        counts.hits++;
        return Promise.resolve(entry.value as T);
      }
    }
    return this.#resolve(options, entry).then(({ value }) => value);
  }

  /** As `getOrSet`, with what can be said of the value: as of when, how old at most, proven or not and why. */
  async read(options: ReadOptions<T>): Promise<ReadResult<T>> {
    const { store, shelf, layer } = this.#parts;
    const found = store.find(shelf, options.key);
    const missed = this.#why.missed(options.key, found);
    const { value, facts, entry, upTo, from = layer } = await this.#resolve(options, found);
    const told = await this.#why.told(facts, entry, missed);
    return { value, ...told, upTo, layer: entry ? from : 'source' };
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
    const { keys, tags, ttl, timeout, consistent = false, wait, atLeast } = options;
    const factory = factoryOf(options);
    const optionsOf = (key: string): ReadOptions<T> => ({
      key,
      factory,
      ...(tags !== undefined && { tags: typeof tags === 'function' ? tags(key) : tags }),
      ...(ttl !== undefined && { ttl }),
      ...(timeout !== undefined && { timeout }),
      ...(atLeast !== undefined && { atLeast }),
      ...(wait !== undefined && { wait }),
    });
    if (!consistent) return Promise.all(keys.map((key) => this.getOrSet(optionsOf(key))));
    const demand = demandOf(atLeast, this.#shift);
    const load = (missing: readonly string[]): Promise<unknown> =>
      Promise.all(missing.map((key) => this.#loads.join(optionsOf(key), demand)));
    return new Together<T>(this.#parts, keys, load, demand).read(wait === undefined ? TOGETHER_WAIT_MS : toMs(wait));
  }

  /** What is resident and may be served now, synchronously; `undefined` when nothing is. Never loads, never throws. */
  peek(key: string): T | undefined {
    const { store, shelf, policy, runtime } = this.#parts;
    const entry = store.find(shelf, key);
    if (entry === null) return undefined;
    if (surelyServes(entry, policy.maxStalenessMs, runtime.clock.atLatest())) return entry.value as T;
    const verdict = judge(factsOf(entry, policy), runtime.clock.mono());
    return verdict === 'serve' || verdict === 'revalidate' ? (entry.value as T) : undefined;
  }

  /**
   * What is resident, here or in a shared layer, and may be served now; `undefined` when nothing is.
   *
   * @throws FRESHNESS_UNPROVEN under `when_uncertain: error`
   */
  async get(options: { readonly key: string }): Promise<T | undefined> {
    const { store, shelf, counts, runtime, policy, second } = this.#parts;
    let entry = store.find(shelf, options.key);
    if (second && entry === null && (await second.promote(options.key, null))) entry = store.find(shelf, options.key);
    const facts = entry && factsOf(entry, policy);
    const now = runtime.clock.mono();
    const verdict = facts ? judge(facts, now) : 'bypass';
    if (verdict === 'error') throw this.#unproven(options.key, entry);
    if (entry === null || verdict === 'bypass') {
      counts.misses++;
      return undefined;
    }
    counts.hits++;
    return entry.value as T;
  }

  /**
   * A token of everything that has been committed at the source by now: take it after a commit, and give it as `atLeast`
   * to reads that have to see the commit, in this process or any other that is fed by the same source.
   *
   * `connection` is what the write was made on (a client or pool of `pg`); without it the source is asked on its own
   * connection. `source` is needed only where several sources of the namespace can tell.
   *
   * @throws POSITION_UNKNOWN, OPTION_INVALID; what the driver throws
   */
  async position(connection?: unknown, { source }: { readonly source?: SourceId } = {}): Promise<Token> {
    const { position, policy } = this.#parts;
    if (!position) throw new TidemarkError('POSITION_UNKNOWN', `namespace "${policy.name}"`);
    return position(connection, source);
  }

  /** @internal */
  get store(): MemoryStore {
    return this.#parts.store;
  }

  /** @internal */
  get provers(): readonly SourceId[] {
    return this.#parts.policy.provers ?? [];
  }

  /**
   * A read whose value becomes a part of another.
   *
   * @internal
   */
  async part(options: ReadOptions<T>, path: readonly string[]): Promise<Part<T>> {
    const { store, shelf } = this.#parts;
    const { facts, entry, part } = await this.#resolve(options, store.find(shelf, options.key), path);
    return entry ? partOf(entry, asOf(facts.entry ?? facts.load), store.watermark) : part;
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
    const ttlMs = options.ttl === undefined ? undefined : toMs(options.ttl);
    return this.#loads.fill(key, { value, tags, stamp, ahead, knownAt: NEVER, ttlMs }) === null;
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

  /** `from`: the layer that `found` has just come from. */
  async #resolve(
    options: ReadOptions<T>,
    found: StoredEntry | null,
    path: readonly string[] = [],
    from?: string,
  ): Promise<Resolved<T>> {
    const { counts, runtime, observer, store, shelf, policy, second, places = NO_PLACES } = this.#parts;
    const demand = demandOf(options.atLeast, this.#shift);
    const entry = demand && found ? await this.#waitFor(options, demand) : found;
    const now = runtime.clock.mono();
    const facts = entry && factsOf(entry, policy);
    const behind = entry !== null && demand?.isMetBy(entry, store.watermark, places) === false;
    const verdict = facts && !behind ? judge(facts, now) : 'bypass';
    if (verdict === 'error') throw this.#unproven(options.key, entry);
    if (entry && facts && verdict !== 'bypass') {
      counts.hits++;
      // One at a time, also when an event has come since it began: the reader has a value within its bound (anomaly A15).
      const due = facts.expiredAsOf !== null || verdict === 'revalidate';
      if (due && !this.#loads.under(options.key)) {
        const beyond = facts.expiredAsOf === null ? ONLY_A_LOAD : ((entry.stamp + 1) as Offset);
        this.#loads.refreshBehind(options, beyond);
      }
      if (observer.active) observer.tell('cache:hit', { namespace: policy.name, key: options.key });
      // A proof behind the end of its load: nothing of what it saw is beyond the watermark.
      const upTo = entry.visibleBy < facts.provenAt ? ((store.watermark - this.#shift) as Offset) : undefined;
      return { value: entry.value as T, facts: { entry: facts }, upTo, entry, ...(from && { from }) };
    }
    const isAsked = second && from === undefined && !behind && !this.#loads.joins(options, demand);
    if (isAsked && (await this.#isPromoted(second, options, demand)))
      return this.#resolve(options, store.find(shelf, options.key), path, second.name);
    if (entry && facts && now < entry.expiresAt) counts.uncertain++;
    counts.misses++;
    if (observer.active) {
      const missed = this.#why.missed(options.key, entry);
      const reason = missed ? inWords(missed) : 'what is cached may be behind what the reader asks for with atLeast';
      observer.tell('cache:miss', { namespace: policy.name, key: options.key, reason });
    }
    const { value, knownAt, startedAt, part } = await this.#loads.join(options, demand, path);
    const load = loadFacts(knownAt, policy);
    return { value, facts: { entry: null, load, startedAt }, upTo: undefined, entry: null, part };
  }

  /**
   * Whether this process has it now, from a shared layer; otherwise it is the reader's to load.
   *
   * @throws LOAD_ELSEWHERE under `when_load_waits: error`
   */
  async #isPromoted(second: SecondLayer, options: ReadOptions<T>, demand: Demand | null): Promise<boolean> {
    const { policy } = this.#parts;
    const { key, tags = [] } = options;
    const { loadWaitMs: waitMs = LOAD_WAIT_MS, whenLoadWaits } = policy;
    const origin = this.#loads.originOf(options);
    // What another process loads need not reflect what this reader has to see.
    if (demand || waitMs === 0) return second.promote(key, origin);
    const turn = await second.turn({ key, tags, origin, waitMs });
    if (turn === 'elsewhere' && whenLoadWaits === 'error')
      throw new TidemarkError('LOAD_ELSEWHERE', `key "${key}" of namespace "${policy.name}" after ${waitMs} ms`);
    return turn === 'here';
  }

  /** What is resident once it is known to reflect what the reader has to see, or once that has taken too long. */
  async #waitFor({ key, wait }: ReadOptions<T>, demand: Demand): Promise<StoredEntry | null> {
    const { store, shelf, progress, runtime, closing, places = NO_PLACES } = this.#parts;
    // Of what is gone or softly expired meanwhile, waiting makes nothing better.
    const settled = (): boolean => {
      const entry = store.find(shelf, key);
      return entry?.expiredAsOf !== null || demand.isMetBy(entry, store.watermark, places);
    };
    if (wait !== undefined) await progress?.until(settled, toMs(wait), { ...runtime, closing });
    return store.find(shelf, key);
  }

  #unproven(key: string, entry: StoredEntry | null): TidemarkError {
    const why = inWords(this.#why.of(key, entry));
    return new TidemarkError('FRESHNESS_UNPROVEN', `key "${key}" of namespace "${this.namespace}": ${why}`);
  }
}

function demandOf(atLeast: AtLeast | undefined, shift: number): Demand | null {
  return atLeast === undefined ? null : new Demand(atLeast, shift);
}

type Resolved<T> = Answer<T> &
  ({ readonly entry: StoredEntry; readonly part?: never } | { readonly entry: null; readonly part: Part<T> });

interface Answer<T> {
  readonly value: T;
  /** Of the entry that was served, or of the load that the value came from. */
  readonly facts: Served;
  readonly upTo: Offset | undefined;
  /** The layer that it came from, if not this process's own. */
  readonly from?: string;
}
