/** What may happen, and how often: the size of the world. What stands under "of each process" is counted for each. */
export interface Size {
  /** Per transaction what it writes: the row behind the key, one that only the key's tag covers, or another row. */
  readonly writes: readonly ('key' | 'tag' | 'other')[];
  /** Changes of each transaction that enter the journal on their own before its commit. */
  readonly parts: number;
  /** Events of another source. */
  readonly foreign: number;
  readonly gaps: number;
  readonly echoes: number;
  readonly reloads: number;
  /** Crashes of the daemon: what was not durable is gone. */
  readonly crashes: number;
  /** A new daemon with a new journal takes the place of the old one, which may still have writes under way. */
  readonly takeovers: number;
  readonly tombstones: number;

  readonly processes: 1 | 2;
  /** Of each process. */
  readonly loads: number;
  readonly readers: number;
  readonly duplicates: number;
  readonly restarts: number;
  readonly evictions: 0 | 1;
  /** How often each process asks the shared layer. */
  readonly asks: number;

  /** A replica of the database, which loads read if there is one. */
  readonly replicas: 0 | 1;
  /** Shards of the shared layer: with two, the tag's mark lies on another than the entry. */
  readonly shards: 0 | 1 | 2;
  /** Runs of the journal that may be under way to a shard at once: late, twice, in any order. */
  readonly runs: number;
  /** Failovers of a shard to a copy that is behind. */
  readonly failovers: number;
  /** Losses of a shard's record while its entries stay. */
  readonly losses: number;

  /** Reads of one session that goes from process to process. */
  readonly reads: number;
}

export const NOTHING: Size = {
  writes: ['key'],
  parts: 0,
  foreign: 0,
  gaps: 0,
  echoes: 0,
  reloads: 0,
  crashes: 0,
  takeovers: 0,
  tombstones: 100,
  processes: 1,
  loads: 1,
  readers: 0,
  duplicates: 0,
  restarts: 0,
  evictions: 0,
  asks: 0,
  replicas: 0,
  shards: 0,
  runs: 1,
  failovers: 0,
  losses: 0,
  reads: 0,
};
