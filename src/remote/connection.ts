import { Cache } from '../client/cache.ts';
import type { ClientRuntime, Counts } from '../client/parts.ts';
import { placesOf } from '../client/places.ts';
import { TidemarkError } from '../tidemark-error.ts';
import type { StampedAction } from '../layers/layer.ts';
import { MemoryLayer } from '../layers/memory/layer.ts';
import { actionsOf, type InvalidationMessage } from '../model/invalidation.ts';
import type { JsonValue } from '../model/json.ts';
import type { Action } from '../model/plan.ts';
import type { Offset } from '../model/position.ts';
import { SILENT_MS, type FeedLoop } from './feed-loop.ts';
import { LAYER, type Follower } from './follower.ts';
import type { SharedUse } from './shared/open.ts';
import type { SharedStatus } from './shared/options.ts';
import type { FeedTransport, RemoteReceipt } from './transport.ts';

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
  /** `null`: this process uses none. */
  readonly shared: SharedStatus | null;
  readonly namespaces: readonly ({ readonly name: string; readonly proofAgeMs: number | null } & Readonly<Counts>)[];
}

/** What has ended here: every entry under these keys, tags and namespaces, as of the watermark. */
export interface Applied {
  /** Everything at or below it has been applied. */
  readonly watermark: Offset;
  /** Each target once. `*` in `purge_namespace` is everything: something may have been missed. */
  readonly actions: readonly Pick<Action, 'kind' | 'target' | 'namespace'>[];
}

export interface ConnectionParts {
  readonly feed: FeedLoop;
  readonly transport: FeedTransport;
  readonly runtime: ClientRuntime;
  readonly closing: AbortController;
  readonly shared?: SharedUse | null;
}

/** A process's caches, fed by a daemon. */
export class Connection {
  readonly #follower: Follower;
  readonly #parts: ConnectionParts;
  readonly #layer: MemoryLayer;
  readonly #caches = new Map<string, Cache<unknown, RemoteReceipt>>();
  readonly #listeners = new Set<(applied: Applied) => void>();

  /** @internal */
  constructor(follower: Follower, parts: ConnectionParts) {
    this.#follower = follower;
    this.#parts = parts;
    this.#layer = new MemoryLayer(LAYER, parts.runtime, follower.store);
    follower.onApplied = (actions) => {
      this.#tell(actions);
    };
  }

  /**
   * Calls the listener whenever something that was told has been applied to the caches of this process, before anything else can read
   * them; the returned function ends that. For what is made of cached values and held elsewhere, as a page that is open in a browser.
   */
  onApplied(listener: (applied: Applied) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
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
    const receipt = await this.#parts.transport.invalidate(message);
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
    return this.#parts.transport.emit({
      specversion: '1.0',
      id,
      source: 'tidemark-client',
      type,
      data,
      ...(subject !== undefined && { subject }),
    });
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
      shared: this.#parts.shared?.status() ?? null,
      namespaces: Array.from(namespaces.all.values(), ({ config, shelf, counts }) => ({
        name: config.name,
        proofAgeMs: Number.isFinite(shelf.provenAt) ? now - shelf.provenAt : null,
        ...counts,
      })),
    };
  }

  /** Ends the connection. Loads under way are rejected with CLOSED. */
  async close(): Promise<void> {
    // First: over NATS nothing can be said once the feed has ended.
    await this.#parts.feed.leave();
    this.#parts.closing.abort();
    await this.#parts.feed.ended;
    await this.#parts.transport.close();
    await this.#layer.close();
    this.#parts.shared?.close();
  }

  #tell(stamped: readonly StampedAction[]): void {
    if (this.#listeners.size === 0) return;
    const applied: Applied = {
      watermark: this.#follower.store.watermark,
      actions: stamped.map(({ action }) => action),
    };
    for (const listener of this.#listeners) {
      try {
        listener(applied);
      } catch (error) {
        this.#parts.runtime.log.error({ err: error }, 'a listener of onApplied failed');
      }
    }
  }

  #cacheOf(namespace: string): Cache<unknown, RemoteReceipt> {
    const follower = this.#follower;
    const { runtime, closing, shared } = this.#parts;
    const policy = follower.policies.get(namespace);
    const found = follower.namespaces.all.get(namespace);
    if (!policy || !found) throw new TidemarkError('NAMESPACE_UNKNOWN', `"${namespace}"`);
    const second = shared?.second(namespace, policy);
    return new Cache<unknown, RemoteReceipt>({
      store: follower.store,
      shelf: found.shelf,
      policy,
      counts: found.counts,
      runtime,
      observer: { active: false, tell: () => undefined },
      progress: follower.progress,
      layer: LAYER,
      ...(second && { second }),
      closing: closing.signal,
      places: placesOf(follower, namespace),
      position: (_, source) => this.#parts.transport.position(namespace, source),
      invalidate: (message) => this.invalidate(message),
    });
  }
}
