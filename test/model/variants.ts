import type { Rules } from './rules.ts';
import type { Size } from './size.ts';

/** A rule switched off, and a world that is large enough to show what it leads to. */
export interface Variant {
  /** Ids of the protocol's broken variants and of the anomalies that it is. */
  readonly id: string;
  readonly mistake: string;
  readonly rules: Partial<Rules>;
  readonly size: Partial<Size>;
}

export const VARIANTS: readonly Variant[] = [
  { id: 'B1, A1', mistake: 'a delete without a fence', rules: { fence: false }, size: {} },
  {
    id: 'B2, A2',
    mistake: 'the stamp is taken when the load ends',
    rules: { stamp: 'watermark after the load' },
    size: {},
  },
  {
    id: 'B3, A3',
    mistake: 'the stamp is the log head, without a gate',
    rules: { stamp: 'log head', gate: false },
    size: {},
  },
  { id: 'B4', mistake: 'the stamp is the log head, with a gate', rules: { stamp: 'log head' }, size: {} },
  { id: 'B5, A4', mistake: 'an event is applied before readers see it', rules: { gate: false }, size: {} },
  {
    id: 'B6, A5, A6',
    mistake: 'a tombstone is forgotten without a floor',
    rules: { floor: false },
    size: { writes: ['key', 'other'], tombstones: 1 },
  },
  {
    id: 'B7',
    mistake: 'a shard forgets a tombstone without a floor',
    rules: { shardFloor: false },
    size: { writes: ['key', 'other'], tombstones: 1, shards: 1 },
  },
  {
    id: 'B8, D1',
    mistake: 'an entry of the shared layer is stored with the watermark of the process',
    rules: { promotion: 'the watermark of the process' },
    size: { shards: 1, asks: 1, processes: 2 },
  },
  {
    id: 'B9',
    mistake: 'a promotion compares stamps and tombstones, not the floor',
    rules: { promotion: 'its own stamp, past the floor' },
    size: { shards: 1, asks: 1, processes: 2, writes: ['key', 'other'], tombstones: 1 },
  },
  {
    id: 'B10, D3',
    mistake: 'a shard fails over, and its applier goes on from a place kept elsewhere',
    rules: { cursor: 'elsewhere' },
    size: { shards: 1, failovers: 1 },
  },
  {
    id: 'B11, D14',
    mistake: 'a load from a replica is stamped with the watermark',
    rules: { replicaStamp: 'the watermark' },
    size: { replicas: 1 },
  },
  {
    id: 'B12, C17',
    mistake: 'the feed goes on at its head without a barrier',
    rules: { barrier: false },
    size: { gaps: 1 },
  },
  { id: 'B13, C18', mistake: 'a gap ends no trust', rules: { gapPurges: false }, size: { gaps: 1 } },
  {
    id: 'A8',
    mistake: 'of two loads the one that ends last stays',
    rules: { newerStays: false },
    size: { loads: 2, echoes: 1 },
  },
  {
    id: 'A9',
    mistake: 'value and version are read apart, the version last',
    rules: { stamp: 'the row’s version, read after the value' },
    size: {},
  },
  {
    id: 'A9, < for <=',
    mistake: 'the stamp is where the next commit begins, not where the last one ended',
    rules: { stamp: 'one beyond the watermark' },
    size: {},
  },
  { id: 'A13', mistake: 'a reader joins any load under way', rules: { joins: 'any' }, size: { readers: 1 } },
  { id: 'C1', mistake: 'a duplicate deletes what is fresher', rules: { sparesFresh: false }, size: { duplicates: 1 } },
  {
    id: 'C2, D4',
    mistake: 'a run that arrives late moves the watermark over a hole',
    rules: { contiguous: false },
    size: { writes: ['key', 'other'], shards: 1, runs: 2, failovers: 1 },
  },
  {
    id: 'C6',
    mistake: 'an applier that was replaced still moves the watermark',
    rules: { owners: false },
    size: { writes: ['other', 'key'], shards: 1, takeovers: 1 },
  },
  {
    id: 'C7',
    mistake: 'new contracts leave what was filled under the old ones',
    rules: { reloadPurges: false },
    size: { reloads: 1 },
  },
  {
    id: 'C10',
    mistake: 'offsets of a journal that was replaced are compared with those of the new one',
    rules: { epochs: false },
    size: { shards: 1, asks: 1, takeovers: 1, processes: 2 },
  },
  {
    id: 'D8',
    mistake: 'tags that the load learned are not compared with its start',
    rules: { fencesLearnedTags: false },
    size: { writes: ['tag'] },
  },
  {
    id: 'T1',
    mistake: 'the watermark passes a transaction that is still open',
    rules: { waitsForCommit: false },
    size: { parts: 1, foreign: 1 },
  },
  {
    id: 'T2',
    mistake: 'a restart begins inside an open transaction',
    rules: { beginsSettled: false },
    size: { parts: 1, restarts: 1 },
  },
  {
    id: 'T3',
    mistake: 'a proof counts before what it covers is applied',
    rules: { proofWaits: false },
    size: { echoes: 1 },
  },
  {
    id: 'T4',
    mistake: 'a promotion counts as a load of its own',
    rules: { foreignAge: 'when it was asked for' },
    size: { shards: 1, asks: 1, processes: 2 },
  },
  {
    id: 'T5',
    mistake: 'a load from a replica counts as one from the primary',
    rules: { foreignAge: 'when it was asked for' },
    size: { replicas: 1 },
  },
  {
    id: 'T6',
    mistake: 'an entry vouches for itself beyond what the shard of its tags has applied',
    rules: { tagShards: false },
    size: { writes: ['tag'], shards: 2 },
  },
  {
    id: 'T7',
    mistake: 'a shard whose record was lost goes on at the head and admits what came before',
    rules: { coldRaises: false },
    size: { shards: 1, losses: 1 },
  },
  {
    id: 'S1, D2',
    mistake: 'a session remembers the stamp of what it read',
    rules: { token: 'stamp' },
    size: { processes: 2, reads: 2 },
  },
  {
    id: 'S2, D18',
    mistake: 'a session remembers the watermark of the process that it read from',
    rules: { token: 'the watermark' },
    size: { processes: 2, reads: 2 },
  },
];
