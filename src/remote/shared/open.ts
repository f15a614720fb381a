import { toMs } from '../../client/load.ts';
import type { ClientRuntime, Policy } from '../../client/parts.ts';
import { SecondLayer } from '../../client/second-layer.ts';
import type { Connection } from '../../layers/redis/connection.ts';
import { assertSame, layerOf, openPlace, storeOver } from '../../layers/redis/open-store.ts';
import type { SharedStore } from '../../layers/shared.ts';
import type { FedLayer, FeedHello } from '../../model/feed.ts';
import { NEVER } from '../../trust/proofs.ts';
import type { Follower } from '../follower.ts';
import { FedStore } from './fed-store.ts';
import type { SharedOptions, SharedStatus } from './options.ts';

/** As in the configuration of a daemon. */
const TIMEOUT_MS = 100;
/** A daemon that takes a layer over under a new epoch says so within a moment, and until then its records are of another. */
const SAME_MS = 2_000;
const AGAIN_MS = 50;

/** What a server says where nothing of this journal is. */
const UNFED: ReadonlySet<string> = new Set(['cold', 'other-epoch', 'unclaimed']);
const UNASKED: ReadonlySet<string> = new Set(['failed', 'skipped']);

export interface SharedParts {
  readonly follower: Follower;
  readonly runtime: ClientRuntime;
  readonly closing: AbortSignal;
}

/**
 * Opens the layer that the daemon says it has, on the server that this process was given. A server that is away holds nobody up.
 *
 * @throws SHARED_LAYER_UNKNOWN, SHARED_LAYER_DIFFERS, OPTION_INVALID
 */
export async function openShared(options: SharedOptions, parts: SharedParts): Promise<SharedUse> {
  const { follower, runtime } = parts;
  layerOf(follower.hello.layers ?? [], options.name);
  const timeoutMs = options.timeout === undefined ? TIMEOUT_MS : toMs(options.timeout);
  const use = new SharedUse(await openPlace({ ...options, timeoutMs }, runtime), options, parts);
  try {
    await use.begin();
    return use;
  } catch (error) {
    use.close();
    throw error;
  }
}

/** The shared layer of a process that is fed: of which daemon's layer it is, each `hello` says anew. */
export class SharedUse {
  readonly #connection: Connection;
  readonly #options: SharedOptions;
  readonly #parts: SharedParts;
  readonly #fed: FedStore;
  readonly #reads: Record<string, number> = {};
  readonly #fills: Record<string, number> = {};
  #hello: FeedHello | null = null;
  #layer: FedLayer | null = null;
  #store: SharedStore | null = null;
  #name = '';
  #state: SharedStatus['state'] = 'used';
  #lastError: string | null = null;

  constructor(connection: Connection, options: SharedOptions, parts: SharedParts) {
    this.#connection = connection;
    this.#options = options;
    this.#parts = parts;
    this.#fed = new FedStore(parts.follower, (hello) => this.#storeOf(hello));
  }

  /** @throws SHARED_LAYER_UNKNOWN, SHARED_LAYER_DIFFERS */
  async begin(): Promise<void> {
    const { follower, runtime, closing } = this.#parts;
    const { clock, log } = runtime;
    this.#adopt(follower.hello);
    for (const until = clock.mono() + SAME_MS; ;) {
      const { hello } = follower;
      try {
        await assertSame(this.#connection, layerOf(hello.layers ?? [], this.#options.name), hello.epoch);
        return;
      } catch (error) {
        if (!isOurs(error)) {
          this.#failed('away', error);
          log.warn({ layer: this.#name, err: error }, 'the shared layer does not answer; reads go on without it');
          return;
        }
        if (clock.mono() >= until) throw error;
        await clock.sleep(AGAIN_MS, closing);
      }
    }
  }

  /** For the cache of a namespace. */
  second(namespace: string, policy: Policy): SecondLayer | null {
    const { follower, runtime, closing } = this.#parts;
    const found = follower.namespaces.all.get(namespace);
    if (!found) return null;
    return new SecondLayer({
      name: this.#name,
      shared: this.#fed,
      store: follower.store,
      shelf: found.shelf,
      policy,
      runtime,
      asOf: (through) => {
        const now = follower.namespaces.all.get(namespace);
        return now ? follower.namespaces.currentAsOf(now, through) : NEVER;
      },
      closing,
    });
  }

  status(): SharedStatus {
    return {
      name: this.#name,
      state: this.#state,
      reads: { ...this.#reads },
      fills: { ...this.#fills },
      lastError: this.#lastError,
    };
  }

  close(): void {
    this.#connection.close();
  }

  #storeOf(hello: FeedHello): SharedStore | null {
    if (hello !== this.#hello) {
      try {
        this.#adopt(hello);
      } catch (error) {
        this.#store = null;
        this.#layer = null;
        this.#failed('unfed', error);
        this.#parts.runtime.log.warn({ layer: this.#name, err: error }, 'the shared layer is not used any more');
      }
    }
    return this.#store;
  }

  /** @throws SHARED_LAYER_UNKNOWN, SHARED_LAYER_DIFFERS */
  #adopt(hello: FeedHello): void {
    const { follower, runtime } = this.#parts;
    this.#hello = hello;
    const layer = layerOf(hello.layers ?? [], this.#options.name);
    const isAsBefore = this.#layer !== null && namesOf(layer) === namesOf(this.#layer);
    this.#layer = layer;
    if (isAsBefore) return;
    this.#name = layer.name;
    this.#store = storeOver(this.#connection, layer, {
      layer: layer.name,
      serializer: this.#options.serializer,
      runtime,
      counts: {
        read: (result) => {
          this.#answered(this.#reads, result);
        },
        filled: (result) => {
          this.#answered(this.#fills, result);
        },
      },
      epoch: () => follower.hello.epoch,
      since: () => this.#layer?.since ?? 0,
    });
  }

  #answered(counts: Record<string, number>, result: string): void {
    counts[result] = (counts[result] ?? 0) + 1;
    this.#state = UNASKED.has(result) ? 'away' : UNFED.has(result) ? 'unfed' : 'used';
  }

  #failed(state: SharedStatus['state'], error: unknown): void {
    this.#state = state;
    this.#lastError = error instanceof Error ? error.message : String(error);
  }
}

/** Without what changes with each start of the daemon. */
function namesOf({ since: _, claimed: __, ...names }: FedLayer): string {
  return JSON.stringify(names);
}

function isOurs(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return code === 'SHARED_LAYER_DIFFERS' || code === 'SHARED_LAYER_UNKNOWN';
}
