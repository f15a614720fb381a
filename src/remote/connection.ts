import { setMaxListeners } from 'node:events';
import { Cache } from '../client/cache.ts';
import { toMs } from '../client/load.ts';
import type { Duration } from '../client/options.ts';
import type { ClientRuntime, Counts } from '../client/parts.ts';
import { placesOf } from '../client/places.ts';
import { TidemarkError } from '../errors.ts';
import { MemoryLayer } from '../layers/memory/layer.ts';
import type { StoreOptions } from '../layers/memory/store.ts';
import { actionsOf, type InvalidationMessage } from '../model/invalidation.ts';
import type { JsonValue } from '../model/json.ts';
import type { Offset, SourceId } from '../model/position.ts';
import type { LayerResults } from '../model/status.ts';
import type { Token } from '../model/token.ts';
import { silentLog, type Log } from '../runtime/log.ts';
import { systemClock, systemRandom } from '../runtime/system.ts';
import { Daemon } from './daemon.ts';
import { FeedLoop, SILENT_MS } from './feed-loop.ts';
import { LAYER, type Follower } from './follower.ts';

/** How long to try for a first answer. */
const CONNECT_MS = 10_000;

export interface ConnectOptions {
  /** Of the daemon, as `http://127.0.0.1:4100`. */
  readonly url: string;
  /** `server.admin_token` of the daemon's configuration. Needed unless it listens on loopback only. */
  readonly token?: string;
  /** Bounds of the memory that the caches of this process share. */
  readonly memory?: StoreOptions;
  /** How long to try for a first answer. Default 10 s. */
  readonly timeout?: Duration;
  /** Default: silent. */
  readonly log?: Log;
  /** Clock, random and log of one's own, for tests. */
  readonly runtime?: ClientRuntime;
}

/** What was sent to the daemon is durable there. */
export interface RemoteReceipt {
  /** Its place in the journal; given as `atLeast`, a read reflects it. */
  readonly offset: Offset;
  readonly duplicate: boolean;
  /** How far each of the daemon's layers was when it answered. */
  readonly layers: LayerResults;
}

export interface RemoteEvent {
  readonly type: string;
  readonly data?: JsonValue;
  readonly id?: string;
  readonly subject?: string;
}

export interface ConnectionStatus {
  /** `fed`: the daemon is heard. `silent`: it is not; what is cached is trusted as long as its proofs are young enough. */
  readonly state: 'fed' | 'silent';
  readonly heardMsAgo: number;
  readonly watermark: Offset;
  /** Entries that the daemon has said it has, and that have not come. */
  readonly behind: number;
  readonly reconnects: number;
  /** Times that something may have been missed, and everything that was cached ended. */
  readonly losses: number;
  readonly lastError: string | null;
  readonly entries: number;
  readonly namespaces: readonly ({ readonly name: string; readonly proofAgeMs: number | null } & Readonly<Counts>)[];
}

/**
 * Connects the caches of this process to a daemon: it reads the sources and journals what they tell, and this process
 * applies it to its own memory, with the same promises as in the daemon itself.
 *
 * Resolves once the daemon has told where it begins. From then on the connection is kept and made anew by itself; while it is away,
 * namespaces with `max_staleness` lose their trust as their proofs age, and others end with their TTL.
 *
 * @throws DAEMON_UNREACHABLE, DAEMON_UNAUTHORIZED, DAEMON_FOREIGN, FEED_VERSION_UNKNOWN
 * @example
 * const tide = await connect({ url: 'http://127.0.0.1:4100' });
 * const products = tide.cache<Product>('product');
 * const product = await products.getOrSet({ key: `product:${id}`, factory: () => db.product(id) });
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const runtime = options.runtime ?? { clock: systemClock, random: systemRandom, log: options.log ?? silentLog };
  const daemon = new Daemon({ url: options.url, token: options.token });
  const closing = new AbortController();
  // Every load under way listens to it, and a hundred at once are no leak.
  setMaxListeners(0, closing.signal);
  const feed = new FeedLoop(daemon, runtime, closing.signal, options.memory ?? {});
  const timeoutMs = options.timeout === undefined ? CONNECT_MS : toMs(options.timeout);
  const cancel = runtime.clock.after(timeoutMs, () => {
    feed.giveUp();
  });
  try {
    return new Connection(await feed.begun, { feed, daemon, runtime, closing });
  } catch (error) {
    closing.abort();
    throw error;
  } finally {
    cancel();
  }
}

interface ConnectionParts {
  readonly feed: FeedLoop;
  readonly daemon: Daemon;
  readonly runtime: ClientRuntime;
  readonly closing: AbortController;
}

/** A process's caches, fed by a daemon. */
export class Connection {
  readonly #follower: Follower;
  readonly #parts: ConnectionParts;
  readonly #layer: MemoryLayer;
  readonly #caches = new Map<string, Cache<unknown, RemoteReceipt>>();

  /** @internal */
  constructor(follower: Follower, parts: ConnectionParts) {
    this.#follower = follower;
    this.#parts = parts;
    this.#layer = new MemoryLayer(LAYER, parts.runtime, follower.store);
  }

  /**
   * The cache of a namespace of the daemon's configuration.
   *
   * @throws NAMESPACE_UNKNOWN
   */
  cache<T>(namespace: string): Cache<T, RemoteReceipt> {
    let cache = this.#caches.get(namespace);
    if (!cache) this.#caches.set(namespace, (cache = this.#cacheOf(namespace)));
    return cache as Cache<T, RemoteReceipt>;
  }

  /**
   * Ends trust by an explicit message. Resolves when it is durable at the daemon and applied here.
   *
   * @throws what the daemon refuses it with; DAEMON_UNREACHABLE
   */
  async invalidate(message: InvalidationMessage): Promise<RemoteReceipt> {
    const receipt = await this.#post('/v1/invalidations', message);
    // Applied early it is only applied twice; the watermark waits for the feed.
    const { store, shift } = this.#follower;
    const at = (receipt.offset + shift) as Offset;
    store.apply(
      actionsOf(message).map((action) => ({ action, at })),
      store.watermark,
    );
    return receipt;
  }

  /**
   * Sends a domain event to the daemon's first source of type `http`. Resolves when it is durable there.
   *
   * @throws what the daemon refuses it with; DAEMON_UNREACHABLE
   */
  emit({ type, data = null, id = this.#parts.runtime.random.id(), subject }: RemoteEvent): Promise<RemoteReceipt> {
    const event = {
      specversion: '1.0',
      id,
      source: 'tidemark-client',
      type,
      data,
      ...(subject !== undefined && { subject }),
    };
    return this.#post('/v1/events', event, 'application/cloudevents+json');
  }

  status(): ConnectionStatus {
    const { store, behind, losses, namespaces } = this.#follower;
    const { feed, runtime } = this.#parts;
    const { heardMsAgo } = feed;
    const now = runtime.clock.mono();
    return {
      state: heardMsAgo < SILENT_MS ? 'fed' : 'silent',
      heardMsAgo,
      watermark: store.watermark,
      behind,
      reconnects: Math.max(0, feed.connects - 1),
      losses,
      lastError: feed.lastError?.message ?? null,
      entries: store.size,
      namespaces: Array.from(namespaces.all.values(), ({ config, shelf, counts }) => ({
        name: config.name,
        proofAgeMs: Number.isFinite(shelf.provenAt) ? now - shelf.provenAt : null,
        ...counts,
      })),
    };
  }

  /** Ends the connection. Loads under way are rejected with CLOSED. */
  async close(): Promise<void> {
    this.#parts.closing.abort();
    await this.#parts.feed.ended;
    await this.#layer.close();
  }

  #cacheOf(namespace: string): Cache<unknown, RemoteReceipt> {
    const follower = this.#follower;
    const { runtime, closing } = this.#parts;
    const policy = follower.policies.get(namespace);
    const found = follower.namespaces.all.get(namespace);
    if (!policy || !found) throw new TidemarkError('NAMESPACE_UNKNOWN', `"${namespace}"`);
    return new Cache<unknown, RemoteReceipt>({
      store: follower.store,
      shelf: found.shelf,
      policy,
      counts: found.counts,
      runtime,
      observer: { active: false, tell: () => undefined },
      progress: follower.progress,
      layer: LAYER,
      closing: closing.signal,
      places: placesOf(follower, namespace),
      position: (_, source) => this.#position(namespace, source),
      invalidate: (message) => this.invalidate(message),
    });
  }

  async #position(namespace: string, source: SourceId | undefined): Promise<Token> {
    const query = `namespace=${encodeURIComponent(namespace)}${source === undefined ? '' : `&source=${encodeURIComponent(source)}`}`;
    return (await this.#parts.daemon.request<{ readonly token: Token }>('GET', `/v1/position?${query}`)).token;
  }

  #post(path: string, body: unknown, contentType?: string): Promise<RemoteReceipt> {
    return this.#parts.daemon.request('POST', path, { body, ...(contentType !== undefined && { contentType }) });
  }
}
