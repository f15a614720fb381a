import type { Cluster, Redis } from 'ioredis';
import { TidemarkError } from '../../errors.ts';
import type { Secret } from '../../runtime/secret.ts';
import { backoffMs } from '../../runtime/backoff.ts';
import type { Clock, Runtime } from '../../runtime/runtime.ts';
import { failureOf } from './failure.ts';
import type { Caller } from './script.ts';

/** Where the servers are. */
export interface Servers {
  /** One server; several seeds of a cluster; or the sentinels. */
  readonly urls: readonly Secret[];
  readonly cluster: boolean;
  /** The name that the sentinels know the master by. */
  readonly sentinel: string | undefined;
}

type Dialling = Pick<Runtime, 'clock' | 'random' | 'log'>;

/** No answer for this long while one is due: the connection is dead, though nobody said so (a half-open one). */
const SILENT_MS = 5_000;

/** So long a start waits for it, so that the first readers find it; without it, it goes on. */
const START_MS = 1_000;

/** A server that comes back is found again within this. */
const RECONNECT_MAX_MS = 1_000;

/** What is needed of a driver: of one server, or of a cluster with its nodes. */
export interface Driver extends Caller {
  info(): Promise<string>;
  nodes?(role: 'master'): readonly { info(): Promise<string> }[];
  disconnect(): void;
}

/**
 * A connection that makes itself anew. A call while there is none fails at once, and one that gets no answer in time is
 * given up: whoever calls has something else to do. It never throws outside of a call.
 */
export class Connection implements Caller {
  readonly #client: Driver;
  readonly #clock: Clock;
  readonly #timeoutMs: number;

  constructor(client: Driver, clock: Clock, timeoutMs: number) {
    this.#client = client;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  static async open(servers: Servers, runtime: Dialling, timeoutMs: number): Promise<Connection> {
    const client = await clientOf(servers, runtime);
    // Without a listener the driver writes to the console; what matters comes to whoever calls.
    client.on('error', (error: unknown) => {
      runtime.log.debug({ err: error }, 'the connection to redis has a problem');
    });
    const given = new AbortController();
    const connected = client.connect().catch(() => undefined);
    await Promise.race([connected, runtime.clock.sleep(START_MS, given.signal)]);
    given.abort();
    return new Connection(client, runtime.clock, timeoutMs);
  }

  /** Rejects with one of our own errors. */
  callBuffer(command: string, args: (string | Buffer | number)[]): Promise<unknown> {
    return this.#within(() => this.#client.callBuffer(command, args));
  }

  /** `INFO` of each server that can be written to. */
  surveys(): Promise<string[]> {
    return this.#within(() => {
      const masters = this.#client.nodes?.('master') ?? [this.#client];
      return Promise.all(masters.map((master) => master.info()));
    });
  }

  close(): void {
    this.#client.disconnect();
  }

  #within<T>(call: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const cancel = this.#clock.after(this.#timeoutMs, () => {
        reject(new TidemarkError('REDIS_TIMEOUT', `after ${this.#timeoutMs} ms`));
      });
      const fail = (error: unknown): void => {
        cancel();
        // The script's caller looks for this word itself.
        reject(error instanceof Error && error.message.startsWith('NOSCRIPT') ? error : failureOf(error));
      };
      try {
        call().then((reply) => {
          cancel();
          resolve(reply);
        }, fail);
      } catch (error) {
        fail(error);
      }
    });
  }
}

async function clientOf({ urls, cluster, sentinel }: Servers, { random }: Dialling): Promise<Redis | Cluster> {
  const driver = await import('ioredis');
  const retryStrategy = (times: number): number => backoffMs(times - 1, random, { minMs: 50, maxMs: RECONNECT_MAX_MS });
  const common = {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    socketTimeout: SILENT_MS,
    // A master that became a replica: the one that took its place is where the address leads now.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  };
  const addresses = urls.map((url) => addressOf(url.reveal()));
  const places = addresses.map(({ host, port }) => ({ host, port }));
  const { host = '', port = 0, ...login } = addresses[0] ?? {};
  const options = { ...common, ...login, retryStrategy };
  if (cluster) {
    const { lazyConnect, enableOfflineQueue } = common;
    const redisOptions = { ...common, ...login };
    return new driver.Cluster(places, {
      lazyConnect,
      enableOfflineQueue,
      clusterRetryStrategy: retryStrategy,
      redisOptions,
    });
  }
  if (sentinel === undefined) return new driver.Redis({ ...options, host, port });
  return new driver.Redis({ ...options, name: sentinel, sentinels: places, sentinelRetryStrategy: retryStrategy });
}

interface Address {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  readonly db?: number;
  readonly tls?: object;
}

/** The parts of a URL that `isRedisUrl` has let through. */
function addressOf(text: string): Address {
  const url = new URL(text);
  const db = Number(url.pathname.slice(1));
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? 6379 : Number(url.port),
    ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
    ...(db > 0 ? { db } : {}),
    ...(url.protocol === 'rediss:' ? { tls: {} } : {}),
  };
}

export function isRedisUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, pathname } = new URL(text);
  return (protocol === 'redis:' || protocol === 'rediss:') && hostname !== '' && /^\/?\d*$/.test(pathname);
}
