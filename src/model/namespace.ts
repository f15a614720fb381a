/** What policy makes of an entry that may not be proven fresh. */
export type WhenUncertain = 'bypass' | 'revalidate' | 'serve' | 'error';

/** What a reader does that has waited for another process's load for long enough. */
export type WhenLoadWaits = 'load' | 'error';

/** What the configuration says of a namespace. */
export interface NamespaceConfig {
  readonly name: string;
  /** The backup bound: no value is served longer than this after its load began. */
  readonly ttlMs: number;
  /** Part of the TTL that is subtracted at random, so that entries made together do not end together. 0 to 1. */
  readonly jitter: number;
  /** The freshness that events must hold. Absent: the TTL is the bound. */
  readonly maxStalenessMs?: number;
  readonly whenUncertain: WhenUncertain;
  /** How long a reader waits for another process's load; 0: not at all, each process loads for itself. Default 2 s. */
  readonly loadWaitMs?: number;
  /** Default: `load`. */
  readonly whenLoadWaits?: WhenLoadWaits;
  /** The sources whose changes reach this namespace. Absent: every source that can prove freshness. */
  readonly sources?: readonly string[];
}
