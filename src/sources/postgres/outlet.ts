import type { Epoch, Mono } from '../../model/position.ts';
import type { SourceItem } from '../source.ts';
import type { Arrival } from './arrival.ts';
import type { Echoes } from './echoes.ts';
import type { Gate } from './gate.ts';
import { toPosition, type Lsn } from './lsn.ts';

/**
 * Bytes of the stream that may wait here before the socket is paused. Enough to keep the consumer busy for the
 * milliseconds that a resumed socket takes to bring more, little enough that decoded rows stay in single megabytes.
 */
const WAITING_BYTES_MAX = 1_048_576;

export interface OutletOptions {
  /** `null`: the gate is switched off. */
  readonly gate: Gate | null;
  readonly echoes: Echoes;
  readonly epoch: Epoch;
  readonly full: () => void;
  readonly drained: () => void;
}

/** Between the stream, which pushes, and the iterator, which pulls: keeps the order, and what must wait, waiting. */
export class Outlet {
  readonly #options: OutletOptions;
  /** Places before `#head` are empty. */
  #waiting: (Arrival | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  #full = false;
  #upTo: Lsn | null = null;
  #heldBack: number | null = null;
  #wake: (() => void) | null = null;
  #mayOvertake = false;
  #horizon: string | null = null;
  #end: { readonly error: unknown } | 'done' | null = null;

  constructor(options: OutletOptions) {
    this.#options = options;
  }

  /** End of the last commit that went out. */
  get upTo(): Lsn | null {
    return this.#upTo;
  }

  /** Id of the transaction that has to wait until readers see it. */
  get heldBack(): number | null {
    return this.#heldBack;
  }

  get empty(): boolean {
    return this.#head === this.#waiting.length;
  }

  push(arrival: Arrival): void {
    this.#waiting.push(arrival);
    if (arrival.kind !== 'echo') this.#bytes += arrival.bytes;
    if (!this.#full && this.#bytes > WAITING_BYTES_MAX) {
      this.#full = true;
      this.#options.full();
    }
    // Asked for at once and not only when its turn comes: the answer is then often there before the consumer is.
    if (arrival.kind === 'commit') this.#options.gate?.sees(arrival.xid);
    this.#rouse();
  }

  /** The gate has a new snapshot, or an echo has been confirmed: what waited may go out now. */
  reconsider(): void {
    this.#mayOvertake = true;
    this.#rouse();
  }

  /** Snapshots beyond this id see all that went out before this session. */
  reach(xid: string): void {
    this.#horizon = xid;
    this.#rouse();
  }

  fail(error: unknown): void {
    this.#end ??= { error };
    this.#rouse();
  }

  finish(): void {
    this.#end ??= 'done';
    this.#rouse();
  }

  /** `null` at the end. Throws what the stream broke with; what waits then comes again after a restart. */
  async next(): Promise<SourceItem | null> {
    for (;;) {
      if (this.#end === 'done') return null;
      if (this.#end) throw this.#end.error;
      const item = this.#take();
      if (item) return item;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #take(): SourceItem | null {
    for (;;) {
      const { echoes, epoch } = this.#options;
      if (this.#horizon !== null) {
        const xid = this.#horizon;
        this.#horizon = null;
        return { kind: 'horizon', epoch, xid };
      }
      const proven = echoes.proven();
      if (proven) return { kind: 'proof', t0: proven.t0, upTo: { epoch, position: toPosition(proven.upTo) } };
      const arrival = this.#waiting[this.#head];
      if (!arrival) return null;
      if (arrival.kind === 'commit' && this.#options.gate?.sees(arrival.xid) === false) {
        this.#heldBack = arrival.xid;
        return this.#overtaking();
      }
      this.#shift();
      if (arrival.kind === 'echo') echoes.passed(arrival.id, arrival.upTo);
      else return this.#release(arrival);
    }
  }

  #release(arrival: Exclude<Arrival, { kind: 'echo' }>): SourceItem {
    this.#bytes -= arrival.bytes;
    if (this.#full && this.#bytes < WAITING_BYTES_MAX / 2) {
      this.#full = false;
      this.#options.drained();
    }
    if (arrival.upTo !== null) this.#upTo = arrival.upTo;
    return { kind: 'batch', batch: arrival.batch };
  }

  /**
   * The first commit is not visible yet. An echo behind it proves freshness all the same when everything in between is
   * part of transactions that a snapshot from after the echo's start does not see: nobody could see them at its `t0`.
   * Without this a hanging standby would end all trust, although not one reader can see anything new.
   */
  #overtaking(): SourceItem | null {
    const { gate, echoes } = this.#options;
    if (!this.#mayOvertake) return null;
    this.#mayOvertake = false;
    let proof: { id: number; t0: Mono } | null = null;
    const unseen: number[] = [];
    for (let i = this.#head; i < this.#waiting.length; i++) {
      const arrival = this.#waiting[i];
      if (arrival?.kind === 'commit') unseen.push(arrival.xid);
      else if (arrival?.kind === 'echo') {
        const t0 = echoes.confirmedAt(arrival.id);
        if (t0 === null) continue;
        if (!unseen.every((xid) => gate?.wasUnseenAfter(xid, t0))) break;
        proof = { id: arrival.id, t0 };
      } else if (arrival?.batch.commit) break;
    }
    if (!proof) return null;
    echoes.settle(proof.id);
    // Without a position: what is held back lies before it.
    return { kind: 'proof', t0: proof.t0 };
  }

  #rouse(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  #shift(): void {
    this.#heldBack = null;
    // What has gone out must not be held by its place in the queue.
    this.#waiting[this.#head++] = undefined;
    // Moving the rest down costs its length: done rarely enough that each arrival is moved about once.
    if (this.#head > 1_024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
  }
}
