import type { Runtime } from '../runtime/runtime.ts';

export interface HttpOptions {
  readonly runtime: Runtime;
  readonly host: string;
  /** 0 takes any free port; `listen` tells which. */
  readonly port: number;
  /** Absent: only loopback may be listened on, and every local program is an administrator. */
  readonly adminToken?: string;
  /** Names that a `Host` header may carry beside loopback names, the name listened on and IP addresses. */
  readonly allowedHosts?: readonly string[];
  /** Directory of the built dashboard. Absent or not built: `GET /` says how to build it. */
  readonly dashboardDir?: string;
  readonly limits?: Partial<HttpLimits>;
}

/** Every bound of the server, by name. */
export interface HttpLimits {
  /** Of a request's body, as sent and again after decompression. */
  readonly bodyBytesMax: number;
  /** How many times larger a body may become when it is decompressed. */
  readonly bodyExpansionMax: number;
  readonly jsonDepthMax: number;
  readonly headersTimeoutMs: number;
  /** For the whole request, headers and body. Answers may take longer. */
  readonly requestTimeoutMs: number;
  /** How often both are looked at. */
  readonly timeoutCheckMs: number;
  readonly keepAliveMs: number;
  readonly connectionsMax: number;
  readonly streamsMax: number;
  /** Between comments that keep a quiet stream open through proxies. */
  readonly heartbeatMs: number;
  /** A stream whose client takes nothing for this long is cut; it resumes with `Last-Event-ID`. */
  readonly streamStallMs: number;
  /** What an event source waits before it connects again. */
  readonly streamRetryMs: number;
  /** Observations held for a client that is slower than what happens; more are counted, not kept. */
  readonly observationsMax: number;
  /** How often held observations are sent. */
  readonly observationFlushMs: number;
  /** Longest answer to `?wait=all`. */
  readonly waitMaxMs: number;
  /** How long requests in flight may take once the server closes. */
  readonly drainTimeoutMs: number;
}

export const HTTP_LIMITS: HttpLimits = {
  // What most webhook senders stay far below, and one event loop turn parses in a few milliseconds.
  bodyBytesMax: 1024 * 1024,
  // JSON of many like events reaches 20 to 50; a bomb reaches 1,000.
  bodyExpansionMax: 100,
  // Deeper than any event seen, far shallower than what overflows a recursive reader.
  jsonDepthMax: 64,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  timeoutCheckMs: 1_000,
  // Above the 60 s that load balancers keep idle connections, so that they end them, not we.
  keepAliveMs: 65_000,
  connectionsMax: 1_000,
  streamsMax: 100,
  // Below the 30 s and 60 s after which proxies cut a silent answer.
  heartbeatMs: 15_000,
  streamStallMs: 60_000,
  streamRetryMs: 2_000,
  observationsMax: 200,
  observationFlushMs: 100,
  waitMaxMs: 30_000,
  drainTimeoutMs: 10_000,
};
