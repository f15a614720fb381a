import {
  ORIGIN,
  type Epoch,
  type Mono,
  type Offset,
  type Position,
  type Resume,
  type SourceId,
} from '../model/position.ts';
import { later } from './later.ts';
import { leading } from './search.ts';

/** What was known when an echo of a source came back. */
export interface EchoTimes {
  /** Before it was written. */
  readonly t0: Mono;
  readonly now: Mono;
  /** Of the journal, now. */
  readonly head: Offset;
}

interface Echo {
  readonly position: Position;
  /** Whatever the journal had at or below it was announced before the echo was written. */
  readonly covers: Offset;
}

/** At four echoes a second, the last four minutes. */
const ECHOES_MAX = 1_024;

/**
 * What a place in the history of one source says about the events of all others.
 *
 * A domain event or an explicit message is announced once what it stands for is visible to readers of the primary, and
 * not to readers of a replica:
 *
 *     commit c · the app announces it, offset 7, applied · load from a replica without c, stamped 7  → stale for good
 *
 * Only the echoes tell: one that was written after offset 7 was in the journal lies behind c in the log, so a replica that
 * has got the echo has got c.
 */
export class Elsewhere {
  /** The journal's head at times that are past. */
  readonly #heads: { readonly time: Mono; readonly head: Offset }[];
  readonly #echoes = new Map<SourceId, { readonly epoch: Epoch; readonly list: Echo[] }>();
  /** The newest entry of each source. */
  readonly #last = new Map<SourceId, Offset>();
  readonly #start: Offset;

  /** `start`: what the journal had before this process began, which may be of anybody. */
  constructor(start: Offset) {
    this.#start = start;
    this.#heads = [{ time: -Infinity, head: start }];
  }

  see(source: SourceId, offset: Offset): void {
    this.#last.set(source, offset);
  }

  echoed(source: SourceId, { epoch, position }: Resume, { t0, now, head }: EchoTimes): void {
    let covers = ORIGIN;
    for (const known of this.#heads) if (known.time <= t0) covers = known.head;
    this.#heads.push({ time: now, head });
    // The oldest that is kept must be older than any echo under way, or that echo covers less than it could.
    if (this.#heads.length > HEADS_MAX) this.#heads.shift();
    let echoes = this.#echoes.get(source);
    if (echoes?.epoch !== epoch) this.#echoes.set(source, (echoes = { epoch, list: [] }));
    echoes.list.push({ position, covers });
    if (echoes.list.length > ECHOES_MAX) echoes.list.splice(0, ECHOES_MAX / 2);
  }

  /** The stamp of a reader that had everything of the source up to `position`, lowered to what it says about others. */
  lower(stamp: Offset, source: SourceId, position: Position): Offset | null {
    const covered = this.#covered(source, position);
    let others = this.#start;
    for (const [other, offset] of this.#last) if (other !== source) others = later(others, offset);
    if (others <= (covered ?? ORIGIN)) return stamp;
    return covered === null ? null : (Math.min(stamp, covered) as Offset);
  }

  #covered(source: SourceId, position: Position): Offset | null {
    const list = this.#echoes.get(source)?.list;
    return list?.[leading(list, (echo) => echo.position <= position) - 1]?.covers ?? null;
  }
}

/** Four echoes of each of sixteen sources. */
const HEADS_MAX = 64;
