import { setMaxListeners } from 'node:events';
import { toMs } from '../client/load.ts';
import type { Duration } from '../client/options.ts';
import type { ClientRuntime } from '../client/parts.ts';
import type { StoreOptions } from '../layers/memory/store.ts';
import { silentLog, type Log } from '../runtime/log.ts';
import { systemClock, systemName, systemRandom } from '../runtime/system.ts';
import { Connection } from './connection.ts';
import { FeedLoop } from './feed-loop.ts';
import type { SharedParts, SharedUse } from './shared/open.ts';
import type { SharedOptions } from './shared/options.ts';
import { transportOf } from './transport-of.ts';

/** How long to try for a first answer. */
const CONNECT_MS = 10_000;

export interface ConnectOptions {
  /**
   * Of the daemon, as `http://127.0.0.1:4100`. Or of the NATS servers that its journal is on, as `nats://nats-1:4222`, one or
   * several: then no daemon is in the way of what is read.
   */
  readonly url: string | readonly string[];
  /** `server.admin_token` of the daemon's configuration. Needed unless it listens on loopback only. Over NATS: a token of NATS. */
  readonly token?: string;
  /** Over NATS: the stream that the journal is, `journal.stream` of the daemons' configuration. Default `tidemark`. */
  readonly stream?: string;
  /** Over NATS: who logs in. */
  readonly user?: string;
  readonly password?: string;
  /** Over NATS: path of a `.creds` file. */
  readonly credentials?: string;
  /** What operators know this process by, where the daemon tells whom it feeds. Default: host and process id. */
  readonly name?: string;
  /** Bounds of the memory that the caches of this process share. */
  readonly memory?: StoreOptions;
  /**
   * A shared layer of the daemon (L2) for this process as well: what is not here is looked for there before it is loaded, what is loaded
   * is stored there, and of all processes one at a time loads a key. Default: none.
   */
  readonly shared?: SharedOptions;
  /** How long to try for a first answer. Default 10 s. */
  readonly timeout?: Duration;
  /** Default: silent. */
  readonly log?: Log;
  /** Clock, random and log of one's own, for tests. */
  readonly runtime?: ClientRuntime;
}

/**
 * Connects the caches of this process to a daemon: it reads the sources and journals what they tell, and this process
 * applies it to its own memory, with the same promises as in the daemon itself. With the `url` of NATS it reads the journal there,
 * which several daemons may share.
 *
 * Resolves once the daemon has told where it begins. From then on the connection is kept and made anew by itself; while it is away,
 * namespaces with `max_staleness` lose their trust as their proofs age, and others end with their TTL.
 *
 * @throws DAEMON_UNREACHABLE, DAEMON_UNAUTHORIZED, DAEMON_FOREIGN, FEED_VERSION_UNKNOWN; with `shared` SHARED_LAYER_UNKNOWN,
 * SHARED_LAYER_DIFFERS
 * @example
 * const tide = await connect({ url: 'http://127.0.0.1:4100' });
 * const products = tide.cache<Product>('product');
 * const product = await products.getOrSet({ key: `product:${id}`, factory: () => db.product(id) });
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const runtime = options.runtime ?? { clock: systemClock, random: systemRandom, log: options.log ?? silentLog };
  const transport = await transportOf(options, runtime);
  const closing = new AbortController();
  // Every load under way listens to it, and a hundred at once are no leak.
  setMaxListeners(0, closing.signal);
  const { name = systemName(), memory: limits = {} } = options;
  const feed = new FeedLoop(transport, runtime, { name, limits, signal: closing.signal });
  const timeoutMs = options.timeout === undefined ? CONNECT_MS : toMs(options.timeout);
  const cancel = runtime.clock.after(timeoutMs, () => {
    feed.giveUp();
  });
  try {
    const follower = await feed.begun;
    const shared = options.shared
      ? await sharedOf(options.shared, { follower, runtime, closing: closing.signal })
      : null;
    return new Connection(follower, { feed, transport, runtime, closing, shared });
  } catch (error) {
    closing.abort();
    await transport.close();
    throw error;
  } finally {
    cancel();
  }
}

/** Its code and driver are loaded when it is asked for. */
async function sharedOf(options: SharedOptions, parts: SharedParts): Promise<SharedUse> {
  const { openShared } = await import('./shared/open.ts');
  return openShared(options, parts);
}
