import type { Entry } from '../model/entry.ts';
import type { Epoch, Offset, Position } from '../model/position.ts';
import { leading } from './search.ts';
import { isVisible, type Snapshot } from './snapshot.ts';

/** Where a source's transactions are in the journal. */
interface Transaction {
  readonly position: Position;
  xid: number | null;
  readonly first: Offset;
  /** The highest id up to and including this one, in the journal's order. */
  highest: number;
}

/** What an entry tells of its transaction. */
export type Placed = Pick<Entry, 'offset' | 'position' | 'xid'>;

/** Upstream has said that readers with a snapshot beyond `xid` see everything that was in the journal at `at`. */
export interface Horizon {
  readonly epoch: Epoch;
  readonly xid: number;
  readonly at: Offset;
}

export interface SourcePastOptions {
  readonly epoch: Epoch;
  /** What the journal has at or below was never remembered here ... */
  readonly since: Offset;
  /** ... and whoever had everything up to this position had seen it. */
  readonly from: Position;
  readonly transactionsMax: number;
}

/**
 * The transactions of one source in one epoch, as far back as memory goes. Answers which of them a reader that was at
 * some place of the source's history had not seen. What was forgotten must be known to be seen, or nothing is said.
 */
export class SourcePast {
  readonly epoch: Epoch;
  readonly #since: Offset;
  readonly #max: number;
  #transactions: Transaction[] = [];
  #head = 0;
  readonly #byXid = new Map<number, Transaction>();
  /** A reader that had not got this far may have missed what is not remembered. */
  #forgotten: Position;
  /** Forgotten transactions have ended for readers whose oldest running transaction is not below this one. */
  #forgottenXid = 0;
  /** ... and are seen by readers with a snapshot that is later than this one's `xmax`. */
  #vouchedXmax = 0;
  #pushed = 0;
  /** Snapshots of readers, the older by at least half of what is remembered: it vouches for what is forgotten. */
  #older: Snapshot | null = null;
  #newer: { readonly snapshot: Snapshot; readonly pushed: number } | null = null;

  constructor({ epoch, since, from, transactionsMax }: SourcePastOptions) {
    this.epoch = epoch;
    this.#since = since;
    this.#forgotten = from;
    this.#max = transactionsMax;
  }

  /** Whether a transaction comes after what is remembered, in the same order. */
  goesOnWith(epoch: Epoch, position: Position): boolean {
    return epoch === this.epoch && position >= (this.#transactions.at(-1)?.position ?? this.#forgotten);
  }

  /** Whether the horizon speaks for what was in the journal before memory begins. */
  reaches(horizon: Horizon): boolean {
    return horizon.epoch === this.epoch && horizon.at >= this.#since;
  }

  see({ offset, xid }: Placed, position: Position): void {
    let newest = this.#transactions.at(-1);
    if (newest?.position !== position) {
      newest = { position, xid: null, first: offset, highest: newest?.highest ?? 0 };
      this.#transactions.push(newest);
      this.#pushed++;
      // Once there are more, each new one takes the place of the oldest.
      if (this.#transactions.length > this.#max) this.#forget();
    }
    if (xid === undefined) return;
    newest.xid = Number(xid);
    newest.highest = Math.max(newest.highest, newest.xid);
    this.#byXid.set(newest.xid, newest);
  }

  /** The first offset that a reader who had everything up to `position` may lack; `Infinity`: none. */
  unseenAfter(position: Position): number | null {
    if (position < this.#forgotten) return null;
    return this.#from((transaction) => transaction.position > position)?.first ?? Infinity;
  }

  /** The first offset that a reader with this snapshot lacks; `Infinity`: none. `horizon`: one that reaches. */
  unseenBy(snapshot: Snapshot, horizon: Horizon): number | null {
    if (snapshot.xmax <= horizon.xid || snapshot.xmax <= this.#vouchedXmax) return null;
    if (snapshot.xmin <= this.#forgottenXid) return null;
    let first: number = this.#from(({ highest }) => highest >= snapshot.xmax)?.first ?? Infinity;
    // By id and not by `xmin`: one that writes for hours must not make all that ended meanwhile look unseen.
    for (const xid of snapshot.running) first = Math.min(first, this.#byXid.get(xid)?.first ?? Infinity);
    this.#remember(snapshot);
    return first;
  }

  /** The oldest transaction for which something holds that holds for all behind it. */
  #from(holds: (transaction: Transaction) => boolean): Transaction | undefined {
    return this.#transactions[leading(this.#transactions, (one) => !holds(one), this.#head)];
  }

  #remember(snapshot: Snapshot): void {
    if (this.#newer && this.#pushed - this.#newer.pushed < this.#max / 2) return;
    this.#older = this.#newer?.snapshot ?? null;
    this.#newer = { snapshot, pushed: this.#pushed };
  }

  #forget(): void {
    for (const { position, xid } of this.#transactions.slice(this.#head, ++this.#head)) {
      this.#forgotten = position;
      if (xid !== null) this.#forgetXid(xid);
    }
    if (this.#head < this.#max) return;
    // Moving the rest to the front costs its length: done once for each time that everything was replaced.
    this.#transactions = this.#transactions.slice(this.#head);
    this.#head = 0;
  }

  #forgetXid(xid: number): void {
    this.#byXid.delete(xid);
    if (this.#older && isVisible(xid, this.#older)) this.#vouchedXmax = Math.max(this.#vouchedXmax, this.#older.xmax);
    else this.#forgottenXid = Math.max(this.#forgottenXid, xid);
  }
}
