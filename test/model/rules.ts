/**
 * The rules of the protocol as switches. All on is what production does; each one off is a mistake that somebody has
 * made, and the explorer must find what it leads to.
 */
export interface Rules {
  /** A fill is compared with what was invalidated since its load began. */
  readonly fence: boolean;
  /** Where a load's stamp comes from. */
  readonly stamp: 'watermark before the load' | 'watermark after the load' | 'log head';
  /** A commit enters the journal only once new readers see it. */
  readonly gate: boolean;
  /** Forgetting a tombstone raises the floor. */
  readonly floor: boolean;
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
}

export const PROTOCOL: Rules = {
  fence: true,
  stamp: 'watermark before the load',
  gate: true,
  floor: true,
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
};
