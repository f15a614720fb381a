/** Every fault that the simulator can inject, in words. One that a run never injected is shown with 0. */
export const FAULTS = {
  'feed-delay': 'messages of the change feed are late',
  'feed-duplicate': 'a transaction is sent again',
  'feed-loss': 'a message of the change feed is lost on its way',
  'feed-disconnect': 'the connection to the database breaks',
  'feed-half-open': 'the connection to the database goes silent without an error',
  'database-down': 'the database does not answer',
  'commit-invisible': 'a commit is in the log long before readers see it',
  'transaction-long': 'a transaction stays open for long',
  'transaction-parts': 'a large transaction comes in parts',
  'transaction-rollback': 'a transaction is rolled back',
  truncate: 'a table is emptied',
  'schema-drift': 'a change lacks a column that a contract reads',
  'slot-loss': 'the replication slot is gone',
  'retention-overrun': 'the server gave the slot up because its log grew too long',
  'timeline-change': 'a standby without the newest transactions is promoted',
  'webhook-duplicate': 'a webhook comes twice',
  'webhook-reorder': 'a webhook overtakes an older one',
  'webhook-loss': 'a webhook never comes',
  'load-slow': 'a load is slow',
  'load-hung': 'a load never ends',
  'load-failure': 'a load fails',
  'disk-slow': 'the disk takes long to write',
  'disk-full': 'the disk is full',
  'write-torn': 'a write that was not flushed is torn by a crash',
  'write-lost': 'a write that was not flushed is lost in a crash',
  crash: 'the process ends at a random await',
  'wall-step': 'the wall clock is stepped',
  freeze: 'the machine sleeps, its monotonic clock with it',
  stall: 'the process stands still while its clocks go on',
  'layer-outage': 'the outer layer cannot be reached',
  'layer-slow': 'the outer layer is slow',
  'layer-partial': 'the outer layer does a part of what it was asked',
  'layer-refusal': 'the outer layer refuses an action for good',
  'journal-trimmed': 'the journal forgets entries that the outer layer has still to apply',
  'contract-reload': 'the contracts are changed',
  'eviction-pressure': 'the cache has room for a few entries only',
  'tombstones-few': 'the fence remembers a few invalidations only',
  'shared-flush': 'somebody empties the shared server',
  'shared-restart': 'the shared server restarts, empty',
  'shared-failover': 'a replica that lacks the newest writes takes the place of the shared server',
  'shared-readonly': 'the shared server refuses writes',
  'shared-full': 'the shared server is full',
  'shared-slow': 'the shared server is slow',
  'shared-reply-lost': 'a reply of the shared server is lost',
  'shared-disconnect': 'a connection to the shared server breaks',
  'shared-clock': 'the clock of the shared server is stepped',
  'shared-eviction': 'the shared server evicts something, whatever it is',
  'stream-cut': 'the stream to a fed process breaks',
  'stream-delay': 'what a fed process is told is late',
  'stream-duplicate': 'a fed process is told something twice',
  'stream-loss': 'something that a fed process is told is lost on its way',
  'stream-silent': 'the stream to a fed process goes silent without an error',
  'time-late': 'a fed process waits long for the time of its daemon',
  'fed-pause': 'a fed process stands still',
  'fed-kill': 'a fed process ends, and another begins in its place',
  'page-gone': 'the journal has forgotten what a fed process has still to be told',
  'member-gone': 'a process is not heard for the length of its lease while somebody waits for it',
  'relay-kill': 'a relay ends, and begins again much later',
  'relay-pause': 'a relay stands still for longer than its leases',
  'relay-cut': 'a relay cannot reach the journal, and goes on',
  'owner-late': 'a relay wakes up that owned a source, which another owns now',
  'word-lost': 'a word between relays is lost',
  'word-late': 'words between relays are late',
} as const satisfies Record<string, string>;

export type FaultKind = keyof typeof FAULTS;

export const FAULT_KINDS = Object.keys(FAULTS) as readonly FaultKind[];

export type FaultCounts = Readonly<Record<FaultKind, number>>;

/** How often each fault took effect. What was planned and met nothing does not count. */
export class Tally {
  readonly #counts = noFaults();

  hit(kind: FaultKind): void {
    this.#counts[kind]++;
  }

  get counts(): FaultCounts {
    return this.#counts;
  }
}

export function noFaults(): Record<FaultKind, number> {
  return Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Record<FaultKind, number>;
}
