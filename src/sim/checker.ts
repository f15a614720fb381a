import type { Entry } from '../model/entry.ts';
import { ORIGIN, type Offset } from '../model/position.ts';
import type { Database, Tx } from './database.ts';
import type { Facts } from './facts.ts';
import type { Violation } from './violation.ts';

export interface CheckerParts {
  readonly facts: Facts;
  readonly database: Database;
  /** All entries that have ever been durable, by offset. */
  readonly ledger: readonly Entry[];
  readonly now: () => number;
  readonly violated: (violation: Violation) => void;
}

/** A cache, by how far it has come. */
export interface Followed {
  readonly watermark: Offset;
  /** Rises when everything in it was ended, and it goes on from wherever it can. Default: never. */
  readonly losses?: number;
}

/** Sums of fractions of a millisecond are not exact. */
export const EPSILON_MS = 1e-3;

/**
 * Follows the watermark of one layer through the journal and knows which versions must not be served behind it
 * (SPEC I1), that it never goes back, passes no hole and stops in no transaction (SPEC I3).
 */
export class Checker {
  readonly #parts: CheckerParts;
  readonly #name: string;
  readonly #passed: boolean[] = [];
  /** Per fact the oldest version that may be served. */
  readonly least: Int32Array;
  #store: Followed | null = null;
  #losses = 0;
  #at: Offset = ORIGIN;
  #lastOrdinal = -1;
  #open: { readonly tx: Tx; index: number } | null = null;
  #seen = 0;

  constructor(name: string, parts: CheckerParts) {
    this.#name = name;
    this.#parts = parts;
    this.least = new Int32Array(parts.facts.count);
  }

  /** The layer of a new process. It begins where the journal is settled. */
  follow(store: Followed | null): void {
    this.#store = store;
    this.#losses = store?.losses ?? 0;
    if (store && store.watermark < this.#at) this.#broken('I3', `begins at ${store.watermark}, was at ${this.#at}`);
    this.sync();
  }

  /** The cache of a process that begins with nothing, wherever the last one was. */
  begin(store: Followed): void {
    this.least.fill(0);
    this.#passed.length = 0;
    this.#again();
    this.follow(store);
  }

  hasPassed(tx: Tx): boolean {
    return this.#passed[tx.id] === true;
  }

  /** Takes note of what has been applied since the last time. Cheap when nothing has. */
  sync(): void {
    const losses = this.#store?.losses ?? 0;
    const isAnew = losses !== this.#losses;
    this.#losses = losses;
    if (isAnew) this.#again();
    const watermark = this.#store?.watermark ?? this.#at;
    if (watermark === this.#at) return;
    if (watermark < this.#at) this.#broken('I3', `its watermark went back from ${this.#at} to ${watermark}`);
    const { ledger } = this.#parts;
    if (watermark > ledger.length) this.#broken('I3', `its watermark ${watermark} is beyond what is durable`);
    for (let offset = this.#at; offset < Math.min(watermark, ledger.length); offset++) {
      const entry = ledger[offset];
      if (entry) this.#take(entry);
    }
    this.#at = watermark;
    if (this.#open && !isAnew)
      this.#broken('I3', `its watermark ${watermark} is inside transaction ${this.#open.tx.id}`);
  }

  get watermark(): Offset {
    return this.#at;
  }

  /** A transaction that had been passed before readers could see it. */
  becameVisible(tx: Tx): void {
    if (!this.hasPassed(tx)) return;
    for (const [i, fact] of tx.change.facts.entries()) this.#raise(fact, tx.versions[i] ?? 0);
  }

  /** Holds a proof against the truth: all that readers saw before that time must have been applied (SPEC I2). */
  proven(trueTime: number, lackMs: number): void {
    const { seen } = this.#parts.database;
    for (let tx = seen[this.#seen]; tx && tx.visibleAt < trueTime - EPSILON_MS - lackMs; tx = seen[++this.#seen]) {
      if (tx.change.channel !== 'feed' || tx.lostIn < Infinity || this.hasPassed(tx)) continue;
      const since = `${tx.change.words} was visible at ${tx.visibleAt.toFixed(1)}`;
      this.#broken('I2', `is proven as of ${trueTime.toFixed(1)}, but ${since} and has not been applied`);
      return;
    }
  }

  #again(): void {
    this.#at = ORIGIN;
    this.#lastOrdinal = -1;
    this.#open = null;
    this.#seen = 0;
  }

  #take(entry: Entry): void {
    const { id } = entry.event;
    if (id.startsWith('gap-')) this.#takeGap(entry);
    else if (entry.source === 'feed') this.#takeTx(entry);
    else if (/^[wa]\d/.test(id)) this.#pass(this.#parts.database.txs[Number(id.slice(1))]);
  }

  #takeTx(entry: Entry): void {
    const [number = '', index = ''] = entry.event.id.slice(1).split('.');
    const tx = entry.event.id.startsWith('t') ? this.#parts.database.txs[Number(number)] : this.#open?.tx;
    if (!tx) return;
    const { ordinal } = tx;
    const goesOn = this.#open?.tx === tx;
    if (!goesOn && (this.#open || ordinal !== this.#lastOrdinal + 1)) {
      this.#broken('I3', `at offset ${entry.offset} transaction ${ordinal} follows ${this.#lastOrdinal}`);
    }
    const expected = goesOn ? (this.#open?.index ?? 0) : 0;
    if (index !== '' && Number(index) !== expected) {
      this.#broken('I7', `at offset ${entry.offset} change ${index} of transaction ${tx.id} follows ${expected - 1}`);
    }
    this.#lastOrdinal = ordinal;
    this.#open = entry.commit ? null : { tx, index: expected + 1 };
    if (entry.commit) this.#pass(tx);
  }

  /** A gap ends everything up to where the feed goes on. */
  #takeGap({ epoch, position }: Entry): void {
    const timeline = Number(epoch.split(':')[1]);
    const end = Number(`0x${position ?? '0'}`);
    this.#open = null;
    this.#lastOrdinal = -1;
    for (const tx of this.#parts.database.txs) {
      if (tx.change.channel !== 'feed') continue;
      // As it was on that timeline: a layer that comes to the gap late may do so when a later one has lost more.
      const isLost = tx.lostIn <= timeline;
      const isBelow = !isLost && (tx.timeline < timeline || (tx.timeline === timeline && tx.end <= end));
      if (!isLost && !isBelow) continue;
      if (isBelow) this.#lastOrdinal = Math.max(this.#lastOrdinal, tx.ordinal);
      this.#pass(tx);
    }
  }

  #pass(tx: Tx | undefined): void {
    if (!tx) return;
    this.#passed[tx.id] = true;
    for (const [i, fact] of tx.change.facts.entries()) this.#raise(fact, tx.versions[i] ?? 0);
  }

  #raise(fact: number, version: number): void {
    if (version > (this.least[fact] ?? 0)) this.least[fact] = version;
  }

  #broken(invariant: Violation['invariant'], words: string): void {
    this.#parts.violated({ invariant, at: this.#parts.now(), words: `${this.#name} ${words}` });
  }
}
