import type { SimulatedTime } from '../runtime/simulated-time.ts';
import type { Change, Fact } from './domain.ts';
import type { Facts } from './facts.ts';

/** A committed transaction. */
export interface Tx {
  /** Counts all transactions of the world. */
  readonly id: number;
  readonly xid: number;
  readonly timeline: number;
  /** Its place among the transactions of the log, without holes. */
  readonly ordinal: number;
  /** Where its record ends in the log. */
  readonly end: number;
  readonly change: Change;
  /** When new readers saw it; `Infinity`: not yet, or it never will be. */
  visibleAt: number;
  /** Per fact of the change, the version that it made. */
  readonly versions: number[];
  /** The timeline on which it is gone, because a standby without it was promoted; `Infinity`: on none so far. */
  lostIn: number;
}

export type LogRecord =
  | { readonly kind: 'tx'; readonly end: number; readonly tx: Tx }
  | { readonly kind: 'message'; readonly end: number; readonly text: string };

export interface Slot {
  confirmed: number;
  state: 'usable' | 'lost';
}

/** Bytes of a record. Only its being more than one matters: positions inside a record are between commits. */
const RECORD_BYTES = 64;

export interface DatabaseParts {
  readonly time: SimulatedTime;
  readonly facts: Facts;
  /** How long the next commit stays invisible. */
  readonly visibleAfter: () => number;
}

/**
 * A database as its clients meet it: a log of commits, snapshots in which a commit appears some time after its record
 * is in the log, a replication slot, a standby that may be promoted without the newest commits.
 */
export class Database {
  readonly facts: Facts;
  readonly txs: Tx[] = [];
  /** Transactions in the order in which readers came to see them. */
  readonly seen: Tx[] = [];
  readonly #time: SimulatedTime;
  readonly #visibleAfter: () => number;
  readonly #running = new Map<number, Tx | null>();
  readonly #locked = new Set<Fact>();
  readonly #listeners = new Set<(record: LogRecord) => void>();
  #log: LogRecord[] = [];
  #xid = 100;
  #newestEnded = 99;
  #ordinal = 0;
  timeline = 1;
  slot: Slot | null = null;
  isDown = false;
  /** Told when readers begin to see a transaction, and when a promotion has taken some away. */
  onVisible: (tx: Tx) => void = () => undefined;

  constructor({ time, facts, visibleAfter }: DatabaseParts) {
    this.#time = time;
    this.facts = facts;
    this.#visibleAfter = visibleAfter;
  }

  /** End of the log. */
  get head(): number {
    return this.#log.at(-1)?.end ?? RECORD_BYTES;
  }

  /** Whether no commit is still to be seen. */
  get allVisible(): boolean {
    for (const tx of this.#running.values()) if (tx) return false;
    return true;
  }

  isLocked(fact: Fact): boolean {
    return this.#locked.has(fact);
  }

  /** Writes the commit record now; readers see it later. `null` for a rollback. What is not of the feed is elsewhere. */
  commit(change: Change): Tx | null {
    const xid = this.begin();
    const inLog = change.channel === 'feed';
    if (change.rollback) {
      this.end(xid);
      return null;
    }
    const tx: Tx = {
      id: this.txs.length,
      xid,
      timeline: this.timeline,
      ordinal: inLog ? this.#ordinal++ : -1,
      end: inLog ? this.head + RECORD_BYTES : 0,
      change,
      visibleAt: Infinity,
      versions: [],
      lostIn: Infinity,
    };
    this.txs.push(tx);
    this.#running.set(xid, tx);
    for (const fact of change.facts) this.#locked.add(fact);
    if (inLog) this.#append({ kind: 'tx', end: tx.end, tx });
    const after = inLog ? this.#visibleAfter() : 0;
    if (after <= 0) this.#show(tx);
    else
      this.#time.after(after, () => {
        this.#show(tx);
      });
    return tx;
  }

  /** A transaction that runs until `end`. */
  begin(): number {
    const xid = this.#xid++;
    this.#running.set(xid, null);
    return xid;
  }

  end(xid: number): void {
    this.#running.delete(xid);
    this.#newestEnded = Math.max(this.#newestEnded, xid);
  }

  message(text: string): void {
    this.#append({ kind: 'message', end: this.head + RECORD_BYTES, text });
  }

  /** What `pg_current_snapshot()` says. */
  snapshot(): string {
    const xmax = this.#newestEnded + 1;
    const running = [...this.#running.keys()].filter((xid) => xid < xmax).sort((a, b) => a - b);
    return `${running[0] ?? xmax}:${xmax}:${running.join(',')}`;
  }

  /** Records behind a place in the log, now and from now on. The returned function ends it. */
  stream(from: number, listener: (record: LogRecord) => void): () => void {
    for (const record of this.#log) if (record.end > from) listener(record);
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** A standby that lacks the newest transactions takes over. Returns how many are gone. */
  promote(lacking: number): number {
    let lost = 0;
    while (lost < lacking && this.#log.length > 0) {
      const record = this.#log.pop();
      if (record?.kind !== 'tx') continue;
      record.tx.lostIn = this.timeline + 1;
      lost++;
    }
    this.timeline++;
    this.slot = null;
    this.#listeners.clear();
    const gone = this.txs.filter((tx) => tx.lostIn === this.timeline);
    // What had been seen is seen no more: the facts have another version again.
    const reverted = new Set(gone.filter((tx) => tx.visibleAt < Infinity).flatMap((tx) => tx.change.facts));
    this.#ordinal = (this.#log.findLast((record) => record.kind === 'tx')?.tx.ordinal ?? -1) + 1;
    for (const tx of gone) this.#finish(tx);
    // Survivors are visible once the new primary is up.
    for (const [xid, tx] of [...this.#running]) {
      if (tx) this.#show(tx);
      else this.end(xid);
    }
    this.#showPromotion([...reverted]);
    return lost;
  }

  #showPromotion(facts: readonly Fact[]): void {
    const change: Change = { channel: 'feed', words: 'promotion', events: [], facts, parts: 1, rollback: false };
    const tx: Tx = {
      id: this.txs.length,
      xid: this.begin(),
      timeline: this.timeline,
      ordinal: -1,
      end: this.head,
      change,
      visibleAt: Infinity,
      versions: [],
      lostIn: Infinity,
    };
    this.txs.push(tx);
    this.#running.set(tx.xid, tx);
    this.#show(tx);
  }

  #show(tx: Tx): void {
    if (tx.lostIn < Infinity || tx.visibleAt < Infinity) return;
    tx.visibleAt = this.#time.now;
    for (const fact of tx.change.facts) tx.versions.push(this.facts.changed(fact, this.#time.now));
    this.#finish(tx);
    this.seen.push(tx);
    this.onVisible(tx);
  }

  #finish(tx: Tx): void {
    for (const fact of tx.change.facts) this.#locked.delete(fact);
    this.end(tx.xid);
  }

  #append(record: LogRecord): void {
    this.#log.push(record);
    for (const listener of this.#listeners) listener(record);
  }
}
