import type { Rules } from './rules.ts';
import type { Size } from './size.ts';

/** A world of the protocol as it is, or in another form that must hold, too, to be seen to the end. */
export interface Survivor {
  readonly name: string;
  readonly rules?: Partial<Rules>;
  readonly size: Partial<Size>;
}

const TWO = { processes: 2, shards: 1, asks: 1 } as const;
const WITHOUT_GATE = { gate: false, stamp: 'snapshot before the load' } as const;

/** One process, behind everything that a journal goes through. */
export const ONE_PROCESS: readonly Survivor[] = [
  { name: 'two writes of one row, two loads, a proof', size: { writes: ['key', 'key'], loads: 2, echoes: 1 } },
  {
    name: 'a row and a tag, a crash, a restart, a proof',
    size: { writes: ['key', 'tag'], crashes: 1, restarts: 1, echoes: 1 },
  },
  {
    name: 'parts, a foreign event, a crash, a restart, a proof',
    size: { parts: 1, foreign: 1, crashes: 1, restarts: 1, echoes: 1 },
  },
  {
    name: 'a gap, a crash, a restart, two loads, a proof',
    size: { gaps: 1, crashes: 1, restarts: 1, loads: 2, echoes: 1 },
  },
  {
    name: 'forgotten tombstones, a duplicate, a gap',
    size: { writes: ['key', 'other'], tombstones: 1, duplicates: 1, gaps: 1 },
  },
  { name: 'a reader that joins, two ends of a tag', size: { writes: ['tag', 'tag'], readers: 1 } },
  { name: 'a reader that joins, a reload, a proof', size: { readers: 1, reloads: 1, echoes: 1 } },
  { name: 'P5: snapshot stamps, no gate', rules: WITHOUT_GATE, size: { writes: ['key', 'tag'], loads: 2, echoes: 1 } },
];

/** Processes, shards, replicas and users. */
export const FLEETS: readonly Survivor[] = [
  {
    name: 'P3: promotion between two processes, forgotten tombstones, evictions',
    size: { ...TWO, writes: ['key', 'other'], tombstones: 1, evictions: 1 },
  },
  { name: 'P4: failover, runs that come late and twice', size: { ...TWO, failovers: 1, runs: 2 } },
  {
    name: 'an entry and its tag on two shards that fail over',
    size: { ...TWO, writes: ['tag'], shards: 2, failovers: 1 },
  },
  { name: 'P6: two processes that load from a replica, promotion, a proof', size: { ...TWO, replicas: 1, echoes: 1 } },
  { name: 'P6b: the same without a gate', rules: { gate: false }, size: { ...TWO, replicas: 1, echoes: 1 } },
  {
    name: 'P5d: snapshot stamps, no gate, promotion, forgotten tombstones',
    rules: WITHOUT_GATE,
    size: { ...TWO, writes: ['key', 'other'], tombstones: 1 },
  },
  { name: 'P7: a gap, a lost record, a restart, promotion', size: { ...TWO, gaps: 1, losses: 1, restarts: 1 } },
  { name: 'a takeover, a zombie, a failover, promotion', size: { ...TWO, takeovers: 1, failovers: 1, processes: 1 } },
  {
    name: 'a session that remembers the watermark once a proof counts',
    size: { processes: 2, writes: ['key', 'key'], reads: 2, loads: 1, echoes: 1 },
  },
  {
    name: 'a session that remembers the head of the log, two loads of each process',
    rules: { token: 'the head of the log after the load' },
    size: { processes: 2, writes: ['key', 'key'], reads: 3, loads: 2 },
  },
];

/** Worlds for a longer run: `npm run model`. */
export const LARGE: readonly Survivor[] = [
  {
    name: 'parts of two transactions, foreign events, a gap, a crash, a restart',
    size: { writes: ['key', 'tag'], parts: 1, foreign: 1, gaps: 1, crashes: 1, restarts: 1 },
  },
  {
    name: 'failover, late runs, forgotten tombstones, promotion',
    size: { ...TWO, writes: ['key', 'other'], tombstones: 1, failovers: 1, runs: 2 },
  },
  {
    name: 'a takeover, a zombie, a failover, promotion between two',
    size: { ...TWO, writes: ['other', 'key'], takeovers: 1, failovers: 1 },
  },
  { name: 'a row and a tag on two shards, promotion', size: { ...TWO, writes: ['key', 'tag'], shards: 2 } },
  {
    name: 'P7: a gap, a lost record, restarts, two transactions',
    size: { ...TWO, writes: ['key', 'tag'], gaps: 1, losses: 1, restarts: 1 },
  },
  {
    name: 'a session over two processes with a restart, two loads of each and a proof',
    size: { processes: 2, writes: ['key', 'key'], reads: 2, loads: 2, restarts: 1, echoes: 1 },
  },
];
