/**
 * The rules of the protocol as switches. All on is what production does; each one off is a mistake that somebody has
 * made, and the explorer must find what it leads to.
 */
export interface Rules {
  /** A fill is compared with what was invalidated since its load began. */
  readonly fence: boolean;
  /** Where a load's stamp comes from. */
  readonly stamp:
    | 'watermark before the load'
    | 'watermark after the load'
    | 'snapshot before the load'
    | 'log head'
    | 'one beyond the watermark'
    | 'the row’s version, read after the value';
  /** A commit enters the journal only once new readers see it. */
  readonly gate: boolean;
  /** Forgetting a tombstone raises the floor. */
  readonly floor: boolean;
  /** ... in a shard, too. */
  readonly shardFloor: boolean;
  /** An event deletes only what was loaded before it. */
  readonly sparesFresh: boolean;
  /** Of two loads that end in the wrong order, the newer stays. */
  readonly newerStays: boolean;
  /** Tags that are only known after the load are compared with its start. */
  readonly fencesLearnedTags: boolean;
  /** A reader joins a load under way only if it is new enough. */
  readonly joins: 'new enough' | 'any';
  /** The watermark stands before the oldest open transaction, whatever comes between its parts. */
  readonly waitsForCommit: boolean;
  /** An empty layer begins where no transaction is open. */
  readonly beginsSettled: boolean;
  /** The feed goes on after a gap only when everything up to there is visible. */
  readonly barrier: boolean;
  /** A gap ends the trust of what its source feeds. */
  readonly gapPurges: boolean;
  /** A proof counts once the watermark has reached what it covers. */
  readonly proofWaits: boolean;
  /** New contracts end the trust of what was filled under the old ones. */
  readonly reloadPurges: boolean;
  /** A load's stamp, when it reads the database's replica. */
  readonly replicaStamp: 'its position before the load' | 'the watermark';
  /** As of when a value is, that this process did not load from the primary. */
  readonly foreignAge: 'the newest own proof that it is valid beyond' | 'when it was asked for';
  /** What an entry of the shared layer is stored with in a process. */
  readonly promotion: 'valid through' | 'the watermark of the process' | 'its own stamp, past the floor';
  /** A shard's entry vouches for itself only as far as the shards of its tags have applied, too. */
  readonly tagShards: boolean;
  /** Where an applier goes on: at the watermark in the shard, or at one kept elsewhere. */
  readonly cursor: 'in the shard' | 'elsewhere';
  /** A run that does not begin where the shard is moves no watermark. */
  readonly contiguous: boolean;
  /** A run of an owner that was replaced changes nothing. */
  readonly owners: boolean;
  /** Offsets are compared only within one journal. */
  readonly epochs: boolean;
  /** A shard whose record was lost trusts nothing from before. */
  readonly coldRaises: boolean;
  /** What a session remembers of what it has seen; without a proof behind the load, it is told nothing to remember. */
  readonly token:
    | 'the watermark once a proof behind the load counts'
    | 'the head of the log after the load'
    | 'stamp'
    | 'the watermark';
}

export const PROTOCOL: Rules = {
  fence: true,
  stamp: 'watermark before the load',
  gate: true,
  floor: true,
  shardFloor: true,
  sparesFresh: true,
  newerStays: true,
  fencesLearnedTags: true,
  joins: 'new enough',
  waitsForCommit: true,
  beginsSettled: true,
  barrier: true,
  gapPurges: true,
  proofWaits: true,
  reloadPurges: true,
  replicaStamp: 'its position before the load',
  foreignAge: 'the newest own proof that it is valid beyond',
  promotion: 'valid through',
  tagShards: true,
  cursor: 'in the shard',
  contiguous: true,
  owners: true,
  epochs: true,
  coldRaises: true,
  token: 'the watermark once a proof behind the load counts',
};
