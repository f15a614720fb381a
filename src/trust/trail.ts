import type { Entry } from '../model/entry.ts';
import { GAP } from '../model/event.ts';
import { ORIGIN, type Epoch, type Offset, type Position, type Resume, type SourceId } from '../model/position.ts';
import { isBefore, type SourcePlace } from '../model/token.ts';
import { Elsewhere, type EchoTimes } from './elsewhere.ts';
import { later } from './later.ts';
import { parseSnapshot } from './snapshot.ts';
import { SourcePast, type Horizon } from './source-past.ts';

/**
 * Transactions remembered for each source. As many as the fence has tombstones at least: a stamp that lies further back
 * is mostly below its floor, so it could not be used anyway. About 8 MB for a source that is that busy.
 */
const TRANSACTIONS_MAX = 65_536;
/** At four proofs a second, four minutes of a layer that stands still. */
const AWAITED_MAX = 1_024;

/** Behind every position: positions are ASCII. */
const BEYOND = '\uffff' as Position;

export interface TrailOptions {
  /** Where the layer's watermark begins. */
  readonly startAt?: Offset;
  /** The journal's head when this process begins. Default: `startAt`. */
  readonly head?: Offset;
  readonly transactionsMax?: number;
}

type Seen = Pick<Entry, 'offset' | 'source' | 'epoch' | 'position' | 'commit' | 'xid'> & {
  readonly event: { readonly type: string };
};

/** A position that counts as applied once the watermark has reached `at`. */
interface Awaited {
  readonly at: Offset;
  readonly upTo: Resume;
}

/**
 * From places in the history of a source to offsets of the journal: what a load that was not told by the watermark
 * alone has seen (protocol 1.2), and how far a source is applied.
 *
 * `see` is told of each entry before the watermark passes it, in order. A stamp is never beyond the watermark that the
 * caller gives: what other sources said up to there, only the watermark knows.
 */
export class Trail {
  readonly #startAt: Offset;
  readonly #max: number;
  readonly #pasts = new Map<SourceId, SourcePast>();
  readonly #horizons = new Map<SourceId, readonly Horizon[]>();
  readonly #applied = new Map<SourceId, Resume>();
  readonly #awaited = new Map<SourceId, Awaited[]>();
  readonly #elsewhere: Elsewhere;
  #watermark: Offset;
  /** The offset of the entry that comes next. */
  #next: number;

  constructor({ startAt = ORIGIN, head = startAt, transactionsMax = TRANSACTIONS_MAX }: TrailOptions = {}) {
    this.#elsewhere = new Elsewhere(head);
    this.#startAt = startAt;
    this.#watermark = startAt;
    this.#next = startAt + 1;
    this.#max = transactionsMax;
  }

  /** Where the journal has a source when this process begins; `head`: everything of it is at or below. */
  begin(source: SourceId, resume: Resume, head: Offset): void {
    this.#pasts.set(
      source,
      new SourcePast({ epoch: resume.epoch, since: this.#startAt, from: resume.position, transactionsMax: this.#max }),
    );
    this.#await(source, { at: head, upTo: resume });
  }

  /** The journal has a source in this epoch, and how far is not known: what lies before its next commit cannot be told. */
  enter(source: SourceId, epoch: Epoch): void {
    this.#pasts.set(source, new SourcePast({ epoch, since: this.#startAt, from: BEYOND, transactionsMax: this.#max }));
  }

  /** The epoch that a source is in; `null` when nothing of it is known. */
  epochOf(source: SourceId): Epoch | null {
    return this.#pasts.get(source)?.epoch ?? null;
  }

  see(entry: Seen): void {
    const { source, epoch, position, offset } = entry;
    if (offset < this.#next) return;
    // Entries that are gone were of anybody.
    if (offset > this.#next) this.#pasts.clear();
    this.#next = offset + 1;
    this.#elsewhere.see(source, offset);
    if (position === null) return;
    let past = this.#pasts.get(source);
    if (!past?.goesOnWith(epoch, position) || entry.event.type === GAP) {
      past = new SourcePast({ epoch, since: offset, from: position, transactionsMax: this.#max });
      this.#pasts.set(source, past);
    }
    past.see(entry, position);
    if (entry.commit) this.#await(source, { at: offset, upTo: { epoch, position } });
  }

  advance(watermark: Offset): void {
    this.#watermark = watermark;
    for (const [source, waiting] of this.#awaited) this.#reach(source, waiting);
  }

  /** An echo of the source, which lies at `upTo`, has come back: everything before it is in the journal at or below `at`. */
  proven(source: SourceId, upTo: Resume, at: Offset, times: EchoTimes): void {
    this.#elsewhere.echoed(source, upTo, times);
    this.#await(source, { at, upTo });
  }

  /** Whether `history` is that of the source: its epoch, or the beginning of it. */
  follows(source: SourceId, history: string): boolean {
    const past = this.#pasts.get(source);
    return past !== undefined && isOf(past.epoch, history);
  }

  /** Readers of the source with a snapshot beyond `xid` see everything of it that is in the journal at or below `at`. */
  horizon(source: SourceId, horizon: Horizon): void {
    const past = this.#pasts.get(source);
    // The one in use stays: each later one puts off loads whose snapshot was taken before it.
    const inUse = this.#horizons.get(source)?.find((known) => past?.reaches(known));
    this.#horizons.set(source, inUse ? [inUse, horizon] : [horizon]);
  }

  /** Up to where a source is applied at the watermark; `null` when nothing of it is known. */
  applied(source: SourceId): Resume | null {
    return this.#applied.get(source) ?? null;
  }

  /** Whether everything that the source had up to a place is applied at the watermark. `false` also when it cannot be told. */
  hasApplied(place: SourcePlace): boolean {
    const applied = this.applied(place.source);
    return applied !== null && isOf(applied.epoch, place.history) && isBefore(place, place.history, applied.position);
  }

  /**
   * The stamp of a load from a place that had everything of the source up to `position` and perhaps nothing beyond, as
   * a replica that was asked before the query. `history`: the epoch that the position is of, or its beginning.
   * `null`: it cannot be told.
   */
  stampBefore(source: SourceId, history: string, position: Position, watermark: Offset): Offset | null {
    const past = this.#pasts.get(source);
    if (!past || !isOf(past.epoch, history)) return null;
    const lowered = stamp(past.unseenAfter(position), watermark);
    return lowered === null ? null : this.#elsewhere.lower(lowered, source, position);
  }

  /** The stamp of a load that read with a snapshot (`xmin:xmax:xip`) of the source. `null`: it cannot be told. */
  stampFromSnapshot(source: SourceId, history: string, snapshot: string, watermark: Offset): Offset | null {
    const past = this.#pasts.get(source);
    const parsed = parseSnapshot(snapshot);
    if (!past || !parsed || !isOf(past.epoch, history)) return null;
    const horizon = this.#horizons.get(source)?.find((known) => past.reaches(known));
    return horizon ? stamp(past.unseenBy(parsed, horizon), watermark) : null;
  }

  #await(source: SourceId, awaited: Awaited): void {
    const waiting = queued(this.#awaited.get(source), awaited);
    this.#awaited.set(source, waiting);
    this.#reach(source, waiting);
  }

  #reach(source: SourceId, waiting: Awaited[]): void {
    let reached = 0;
    for (const { at, upTo } of waiting) {
      if (at > this.#watermark) break;
      const known = this.#applied.get(source);
      this.#applied.set(source, known ? newer(known, upTo) : upTo);
      reached++;
    }
    waiting.splice(0, reached);
  }
}

/** The newer takes the place of one that waits for as much; too many, and it only delays. */
function queued(waiting: Awaited[] | undefined, next: Awaited): Awaited[] {
  if (!waiting) return [next];
  const last = waiting.at(-1);
  if (last && (last.at >= next.at || waiting.length >= AWAITED_MAX)) {
    waiting[waiting.length - 1] = { at: later(last.at, next.at), upTo: newer(last.upTo, next.upTo) };
  } else waiting.push(next);
  return waiting;
}

/** Positions of two epochs cannot be compared: the later told is the newer. */
function newer(known: Resume, next: Resume): Resume {
  return known.epoch === next.epoch && known.position >= next.position ? known : next;
}

function stamp(unseen: number | null, watermark: Offset): Offset | null {
  if (unseen === null) return null;
  return Math.min(watermark, unseen - 1) as Offset;
}

/** An epoch of PostgreSQL is a system, a timeline, and what the feed covers; a server only knows the first two. */
function isOf(epoch: string, history: string): boolean {
  return epoch === history || epoch.startsWith(`${history}:`);
}
