import { Tidemark, type AtLeast, type LoadContext, type Offset, type ReadResult } from '../../src/index.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { settled } from '../../src/runtime/virtual.ts';
import { VirtualOrigin, type Change, type Origin, type Version } from './origin.ts';

/** A read that broke a promise. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

export const TTL_MS = 60_000;
export const STALENESS_MS = 1_000;

/** The layers of a configuration, and what the innermost is limited to where a row needs that. */
export type Layers = (limits: JsonObject) => JsonObject;

export interface WorldOptions {
  readonly layers: Layers;
  /** Limits of the innermost layer. */
  readonly limits?: JsonObject;
  /** Over the namespace `product`. */
  readonly namespace?: JsonObject;
  /** Over the whole configuration. */
  readonly config?: JsonObject;
}

export const CONTRACTS = [
  { name: 'row', trigger: 'product.*', actions: [{ delete_key: 'product:{id}' }, { purge_tag: 'product-{id}' }] },
  { name: 'list', trigger: ['product.created', 'product.deleted'], actions: [{ purge_tag: 'products' }] },
  { name: 'expiry', trigger: 'stock.updated', actions: [{ expire_key: 'product:{id}' }] },
  { name: 'refresh', trigger: 'price.updated', actions: [{ refresh_key: 'product:{id}' }] },
];

export interface Reading extends ReadResult<Version> {
  /** Answered from a cache. */
  readonly hit: boolean;
}

export interface ReadHow {
  readonly tags?: readonly string[];
  /** Tags that only the loaded value tells. */
  readonly learned?: readonly string[];
  readonly ttl?: number;
  readonly atLeast?: AtLeast;
}

/** A read whose load has seen the source and has not come back yet. */
export interface SlowRead {
  readonly stamp: Offset;
  /** Lets the load come back; what the reader then gets. */
  finish(): Promise<Reading>;
}

interface Seen {
  readonly version: Version;
  readonly at: number;
}

/**
 * A Tidemark fed by one origin, and the truth beside it. Every read through here is checked: a value from a cache is
 * no older than what has been applied (I1), no older than the read says and the namespace allows (I2), no older than
 * the position its reader asked for (I3), and is called fresh only within the bound (I4). A value loaded for a reader
 * is no older than what had been applied when the reader came.
 */
export class World<O extends Origin = Origin> {
  readonly origin: O;
  readonly #options: WorldOptions;
  readonly #truth = new Map<string, Seen[]>();
  readonly #applied = new Map<string, Version>();
  #tide: Tidemark;
  loads = 0;

  static async open<O extends Origin>(origin: O, options: WorldOptions): Promise<World<O>> {
    return new World(origin, options, await start(origin, options));
  }

  private constructor(origin: O, options: WorldOptions, tide: Tidemark) {
    this.origin = origin;
    this.#options = options;
    this.#tide = tide;
  }

  get tide(): Tidemark {
    return this.#tide;
  }

  get cache(): ReturnType<typeof this.tide.cache<Version>> {
    return this.#tide.cache<Version>('product');
  }

  get stalenessMs(): number {
    return this.#tide.status().namespaces[0]?.maxStalenessMs ?? Infinity;
  }

  /** A transaction at the source. Its events are on their way when this resolves, and perhaps not applied. */
  async commit(change: Change, silently = false): Promise<void> {
    await this.origin.commit(change, silently);
    await this.witness(change.keys);
  }

  /** Notes what the source shows of these keys from now on. */
  async witness(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      const history = this.#truth.get(key) ?? [];
      this.#truth.set(key, history);
      history.push({ version: await this.origin.load(key), at: this.origin.runtime.clock.mono() });
    }
  }

  /** Resolves when everything that was committed and announced has been applied to every layer. */
  async applied(): Promise<void> {
    const committed = new Map(Array.from(this.#truth, ([key, history]) => [key, history.at(-1)?.version ?? null]));
    await this.origin.applied(this.#tide);
    for (const [key, version] of committed) this.#applied.set(key, version);
  }

  /** A change of one product, applied. */
  async change(id: number, type = 'product.updated'): Promise<void> {
    await this.commit(update(id, type));
    await this.applied();
  }

  /** A read as an application makes it, checked. */
  read(key: string, how: ReadHow = {}): Promise<Reading> {
    const reading = this.#checked(key, how, () => this.load(key));
    return this.#soon(reading, `the read of ${key} waits for a load that began before it`);
  }

  /** A read whose load sees the source now and comes back when the test says so. */
  async slow(key: string, how: ReadHow = {}): Promise<SlowRead> {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    let began: (stamp: Offset) => void = () => undefined;
    const started = new Promise<Offset>((resolve) => (began = resolve));
    const reading = this.#checked(key, how, async (context) => {
      const version = await this.load(key);
      began(context.stamp);
      await gate;
      return version;
    });
    reading.catch(() => undefined);
    const answered = reading.then(() => {
      throw new Violation(`${key} was answered without a load`);
    });
    const stamp = await this.#soon(Promise.race([started, answered]), `${key} waits for a load that is under way`);
    return {
      stamp,
      finish: async () => {
        release();
        const result = await reading;
        await settled();
        return result;
      },
    };
  }

  load(key: string): Promise<Version> {
    this.loads++;
    return this.origin.load(key);
  }

  /** Another process on the same origin, with a configuration that differs in this. Its user stops it. */
  beside(config: JsonObject): Promise<World<O>> {
    return World.open(this.origin, { ...this.#options, config: { ...this.#options.config, ...config } });
  }

  /** Ends this process's Tidemark, and starts the next on the same journal. Events come while it is away. */
  async restart(meanwhile: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    await this.stop();
    await meanwhile();
    this.#tide = await start(this.origin, this.#options);
  }

  /** Closes Tidemark as a supervisor does, moving time on for what waits. */
  async stop(): Promise<void> {
    const closed = this.#tide.close();
    if (this.origin instanceof VirtualOrigin) await this.origin.runtime.clock.advance(10_000);
    await closed;
  }

  async close(): Promise<void> {
    await this.stop();
    await this.origin.close();
  }

  /** On virtual time what is not done when everything has settled waits for something else. */
  #soon<T>(work: Promise<T>, otherwise: string): Promise<T> {
    if (!(this.origin instanceof VirtualOrigin)) return work;
    const late = settled().then(() => {
      throw new Violation(otherwise);
    });
    const first = Promise.race([work, late]);
    // A test may look at other things before it awaits this.
    first.catch(() => undefined);
    return first;
  }

  async #checked(
    key: string,
    { learned, ...how }: ReadHow,
    load: (context: LoadContext) => Promise<Version>,
  ): Promise<Reading> {
    const { clock } = this.origin.runtime;
    const [before, least] = [clock.mono(), this.#applied.get(key) ?? null];
    const factory = async (context: LoadContext): Promise<Version> => {
      const version = await load(context);
      if (learned) context.setTags(learned);
      return version;
    };
    const result = await this.cache.read({ key, ...how, factory });
    const hit = result.layer !== 'source';
    this.#check(key, result, { least, asOf: before - result.maxAgeMs, hit });
    return { ...result, hit };
  }

  #check(
    key: string,
    { value, maxAgeMs, trust }: ReadResult<Version>,
    { least, asOf, hit }: { readonly least: Version; readonly asOf: number; readonly hit: boolean },
  ): void {
    const story = `${key} is version ${String(value)}, ${hit ? 'from a cache' : 'loaded'}, trust "${trust}", at most ${maxAgeMs} ms old`;
    if (trust !== 'stale' && older(value, least))
      throw new Violation(`I1: version ${String(least)} had been applied; ${story}`);
    const shown = (this.#truth.get(key) ?? []).findLast(({ at }) => at < asOf)?.version ?? null;
    if (older(value, shown)) throw new Violation(`I2: the source had shown version ${String(shown)} by then; ${story}`);
    if (hit && trust === 'fresh' && maxAgeMs > this.stalenessMs) throw new Violation(`I4: beyond the bound; ${story}`);
  }
}

export function older(value: Version, than: Version): boolean {
  return (value ?? 0) < (than ?? 0);
}

/** The change of one product, and the event that tells of it. */
export function update(id: number, type = 'product.updated'): Change {
  return { keys: [`product:${id}`], events: [{ type, data: { id } }] };
}

function start(origin: Origin, { layers, limits = {}, namespace = {}, config = {} }: WorldOptions): Promise<Tidemark> {
  const bound = origin.proves ? { max_staleness: STALENESS_MS } : {};
  return Tidemark.start({
    runtime: origin.runtime,
    config: {
      version: 1,
      journal: { type: 'memory' },
      sources: origin.sources,
      layers: layers(limits),
      namespaces: { product: { ttl: TTL_MS, jitter: 0, ...bound, ...namespace } },
      contracts: CONTRACTS,
      ...config,
    },
  });
}
