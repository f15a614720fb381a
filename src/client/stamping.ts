import type { Mono, Offset, Position, SourceId } from '../model/position.ts';
import type { SourcePlace } from '../model/token.ts';
import { NEVER } from '../trust/proofs.ts';

/**
 * What a load has read, where its time alone does not say what it has seen. Taken on the connection that the queries run
 * on, before the first of them.
 *
 * `history` is the beginning of the source's epoch that the server itself can tell: of PostgreSQL `systemId:timeline`.
 */
export type Seen =
  | {
      readonly source: SourceId;
      readonly history: string;
      /** What `pg_current_snapshot()` gave: `xmin:xmax:xip`. */
      readonly snapshot: string;
      /** It was taken after the load began: not that of a transaction that was open before. Default false. */
      readonly fresh?: boolean;
    }
  | {
      readonly source: SourceId;
      readonly history: string;
      /** How far the replica had replayed, as a position of the source. */
      readonly replayedTo: Position;
    };

/** What the cache knows of places in the history of its sources. */
export interface Places {
  /** Sources for which the watermark is no stamp, because they announce changes before readers see them. */
  readonly ungated: ReadonlySet<SourceId>;
  /** What a load that has read there has seen of the journal, at most `watermark`; `null` when it cannot be told. */
  stampOf(seen: Seen, watermark: Offset): Offset | null;
  /** As of when a load that saw the source's events up to `stamp` is known to be current. */
  asOf(source: SourceId, stamp: Offset): Mono;
  /** Whether everything before the place has been applied here. `false` also when it cannot be told. */
  hasApplied(place: SourcePlace): boolean;
  /** What has to be added to offsets from elsewhere to compare them with stamps of here. Default 0. */
  readonly shift?: number;
}

export const NO_PLACES: Places = {
  ungated: new Set(),
  stampOf: () => null,
  asOf: () => NEVER,
  hasApplied: () => false,
};

/**
 * The stamp of one load. It begins as the watermark, and is lowered by what the load says it has read, never raised:
 * what other sources had said by then, only the watermark knows.
 */
export class Stamping {
  readonly #places: Places;
  readonly #startedAt: Mono;
  readonly #watermark: Offset;
  #lowest: Offset | null;
  readonly #untold: Set<SourceId>;
  #replica = false;
  /** What it read of sources as they were at some time before it began. */
  readonly #older: Seen[] = [];

  constructor(places: Places, watermark: Offset, startedAt: Mono) {
    this.#places = places;
    this.#watermark = watermark;
    this.#lowest = watermark;
    this.#startedAt = startedAt;
    this.#untold = new Set(places.ungated);
  }

  /** Told again, it is the lowest that counts: a load that reads several times has seen what its first look saw. */
  see(seen: Seen): void {
    this.#untold.delete(seen.source);
    if ('replayedTo' in seen) this.#replica = true;
    const fresh = 'snapshot' in seen && seen.fresh === true;
    if (!fresh) this.#older.push(seen);
    const stamp = this.#places.stampOf(seen, this.#watermark);
    if (stamp === null || this.#lowest === null) this.#lowest = null;
    else if (stamp < this.#lowest) this.#lowest = stamp;
  }

  /** Everything at or below it was visible to the load; `null`: that is not known, so the value may not be stored. */
  get stamp(): Offset | null {
    return this.#untold.size > 0 ? null : this.#lowest;
  }

  /**
   * Whether no proof bounds what the load saw. A replica may show a commit before the primary does, and proofs are of
   * what the primary shows.
   */
  get ahead(): boolean {
    return this.#replica;
  }

  /** Where it read sources as they were at some time before it began. */
  get older(): readonly Seen[] {
    return this.#older;
  }

  /** As of when the value is known to be current: when the load began, or when what it read last was proven to be. */
  get knownAt(): Mono {
    const { stamp } = this;
    let knownAt = this.#startedAt;
    for (const { source } of this.#older) {
      knownAt = Math.min(knownAt, stamp === null ? NEVER : this.#places.asOf(source, stamp));
    }
    return knownAt;
  }
}
