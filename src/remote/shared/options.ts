import type { Duration } from '../../client/options.ts';
import type { Serializer } from '../../layers/shared.ts';

/** A layer that the daemon runs, and that this process reads and fills too. What it is, the daemon says; where it is, this says. */
export interface SharedOptions {
  readonly type: 'redis';
  /** Of the server and database that the layer of the daemon has; several for a cluster or sentinels. */
  readonly url: string | readonly string[];
  /** The urls are nodes of a Redis Cluster. */
  readonly cluster?: boolean;
  /** The urls are sentinels, which know the master by this name. */
  readonly sentinel?: string;
  /** Of the layer in the daemon's configuration. Default: the first one. */
  readonly name?: string;
  /** Longest time that a read waits for the layer before it goes to the source. Default 100 ms. */
  readonly timeout?: Duration;
  /** How this program writes its values, in all its processes. Default: as the daemon's configuration says. */
  readonly serializer?: Serializer;
}

/** A shared layer as this process meets it. */
export interface SharedStatus {
  readonly name: string;
  /**
   * `used`: it answers. `away`: it cannot be asked, and reads go on without it. `unfed`: what is there is not (or not yet) what the daemon
   * ends entries in, so nothing of it is used.
   */
  readonly state: 'used' | 'away' | 'unfed';
  /** Results of reads, and of fills, since the start. */
  readonly reads: Readonly<Record<string, number>>;
  readonly fills: Readonly<Record<string, number>>;
  readonly lastError: string | null;
}
