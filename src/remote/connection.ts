import { setMaxListeners } from 'node:events';
import { Cache } from '../client/cache.ts';
import { toMs } from '../client/load.ts';
import type { Duration } from '../client/options.ts';
import type { ClientRuntime, Counts } from '../client/parts.ts';
import type { Places } from '../client/stamping.ts';
import { TidemarkError } from '../errors.ts';
import { MemoryLayer } from '../layers/memory/layer.ts';
import type { StoreOptions } from '../layers/memory/store.ts';
import type { FeedFrame, FeedTime } from '../model/feed.ts';
import { actionsOf, type InvalidationMessage } from '../model/invalidation.ts';
import type { JsonValue } from '../model/json.ts';
import type { Mono, Offset, SourceId } from '../model/position.ts';
import type { LayerResults } from '../model/status.ts';
import type { Token } from '../model/token.ts';
import { backoffMs } from '../runtime/backoff.ts';
import { silentLog, type Log } from '../runtime/log.ts';
import { systemClock, systemRandom } from '../runtime/system.ts';
import { Daemon, DaemonRefusal } from './daemon.ts';
import { Follower, LAYER } from './follower.ts';

/** How often the daemon is asked the time: a proof is as old here as it is there, and as the last answer. */
const PING_EVERY_MS = 200;
/** Four beats of the daemon: after as long a silence it is taken for dead. */
const SILENT_MS = 1_000;
const CONNECT_MS = 10_000;
/** A daemon that comes back is not to wait for those whom it feeds. */
const BACKOFF = { minMs: 50, maxMs: 1_000 };

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

/** Keeps one follower fed, over one connection after the other. */
class FeedLoop {
  readonly begun: Promise<Follower>;
  readonly ended: Promise<unknown>;
  readonly #daemon: Daemon;
  readonly #runtime: ClientRuntime;
  readonly #signal: AbortSignal;
  readonly #limits: StoreOptions;
  #follower: Follower | null = null;
  #begin: (follower: Follower) => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;
  #heardAt: Mono;
  lastError: Error | null = null;
  connects = 0;

  constructor(daemon: Daemon, runtime: ClientRuntime, signal: AbortSignal, limits: StoreOptions) {
    this.#daemon = daemon;
    this.#runtime = runtime;
    this.#signal = signal;
    this.#limits = limits;
    this.#heardAt = runtime.clock.mono();
    this.begun = new Promise((resolve, reject) => {
      this.#begin = resolve;
      this.#fail = reject;
    });
    this.ended = Promise.all([this.#run(), this.#ping()]);
  }

  get heardMsAgo(): number {
    return this.#runtime.clock.mono() - this.#heardAt;
  }

  giveUp(): void {
    this.#fail(this.lastError ?? new TidemarkError('DAEMON_UNREACHABLE', `at ${this.#daemon.url}`));
  }

  async #run(): Promise<void> {
    const { clock, random, log } = this.#runtime;
    for (let attempt = 0; !this.#signal.aborted; attempt++) {
      const before = this.#heardAt;
      try {
        await this.#once();
      } catch (error) {
        this.lastError = error instanceof Error ? error : new Error(String(error));
        if (this.#follower === null && isForGood(error)) this.#fail(error);
      }
      if (this.#signal.aborted) return;
      if (this.#heardAt > before) attempt = 0;
      log.warn({ url: this.#daemon.url, err: this.lastError }, 'the daemon is not heard; connecting again');
      await clock.sleep(backoffMs(attempt, random, BACKOFF), this.#signal);
    }
  }

  /** One connection, until it ends or falls silent. */
  async #once(): Promise<void> {
    const { clock } = this.#runtime;
    const silence = new AbortController();
    const signal = AbortSignal.any([this.#signal, silence.signal]);
    let cancel = clock.after(CONNECT_MS, () => {
      silence.abort();
    });
    try {
      for await (const { event, data } of this.#daemon.stream('GET', this.#path(), { signal })) {
        cancel();
        cancel = clock.after(SILENT_MS, () => {
          silence.abort();
        });
        this.#take({ kind: event, ...(data as object) } as FeedFrame);
      }
    } finally {
      cancel();
    }
    throw new TidemarkError(
      'DAEMON_HUNG_UP',
      silence.signal.aborted ? `${this.#daemon.url} was silent` : this.#daemon.url,
    );
  }

  #take(frame: FeedFrame): void {
    const now = this.#runtime.clock.mono();
    this.#heardAt = now;
    if (frame.kind === 'hello') this.connects++;
    if (this.#follower) this.#follower.take(frame, now);
    else if (frame.kind === 'hello') {
      this.#follower = new Follower(frame, this.#limits);
      this.#begin(this.#follower);
    } else throw new TidemarkError('FEED_BROKEN', `it begins with "${frame.kind}"`);
  }

  #path(): string {
    const from = this.#follower?.from;
    return from ? `/v1/feed?epoch=${encodeURIComponent(from.epoch)}&after=${String(from.after)}` : '/v1/feed';
  }

  /** Asks the daemon for its time, over and over: what proofs are compared with. */
  async #ping(): Promise<void> {
    const { clock } = this.#runtime;
    const follower = await this.begun.catch(() => null);
    while (follower && !this.#signal.aborted) {
      const asked = clock.mono();
      try {
        const { clock: whose, now } = await this.#daemon.request<FeedTime>('GET', '/v1/feed/time', {
          signal: this.#signal,
          timeoutMs: SILENT_MS,
        });
        follower.pings.add(whose, asked, now);
      } catch (error) {
        this.lastError = error instanceof Error ? error : new Error(String(error));
      }
      await clock.sleep(PING_EVERY_MS, this.#signal);
    }
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
      places: placesOf(follower),
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

function placesOf(follower: Follower): Places {
  return {
    get ungated() {
      return follower.ungated;
    },
    get shift() {
      return follower.shift;
    },
    stampOf: (seen, watermark) => {
      const { source, history } = seen;
      if ('replayedTo' in seen) return follower.trail.stampBefore(source, history, seen.replayedTo, watermark);
      if (seen.fresh && !follower.ungated.has(source))
        return follower.trail.follows(source, history) ? watermark : null;
      return follower.trail.stampFromSnapshot(source, history, seen.snapshot, watermark);
    },
    asOf: (source, stamp) => follower.namespaces.asOf(source, stamp),
    hasApplied: (place) => follower.trail.hasApplied(place),
  };
}

/** What no further attempt changes. */
function isForGood(error: unknown): boolean {
  if (error instanceof DaemonRefusal) return true;
  return (
    error instanceof TidemarkError &&
    ['DAEMON_UNAUTHORIZED', 'DAEMON_FOREIGN', 'FEED_VERSION_UNKNOWN', 'FEED_BROKEN'].includes(error.code)
  );
}
