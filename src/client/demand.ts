import { TidemarkError } from '../tidemark-error.ts';
import type { StoredEntry } from '../layers/memory/store.ts';
import { ORIGIN, type Offset } from '../model/position.ts';
import { demandsOf, isBefore, parseToken, type AtLeast, type SourcePlace } from '../model/token.ts';
import { excerpt } from '../runtime/excerpt.ts';
import type { Places, Seen } from './stamping.ts';

/** Of a text that is no token. */
const SHOWN_CHARS = 60;

/** What a load has told of where it read sources as they were before it began, and the stamp that came of it. */
export interface Sight {
  readonly stamp?: Offset | null;
  readonly older?: readonly Seen[];
}

/** What a reader has to see: its own write, or what it has seen before (SPEC I10). */
export class Demand {
  readonly #offset: Offset;
  readonly #places: readonly SourcePlace[];

  /**
   * `shift`: from offsets as they are given out to those of the store.
   *
   * @throws TOKEN_INVALID
   */
  constructor(atLeast: AtLeast, shift = 0) {
    let offset = ORIGIN;
    const places: SourcePlace[] = [];
    for (const one of demandsOf(atLeast)) {
      if (isOffset(one)) offset = offset > one ? offset : one;
      else places.push(placeFrom(one));
    }
    this.#offset = offset === ORIGIN ? ORIGIN : ((offset + shift) as Offset);
    this.#places = places;
  }

  /** Whether an entry is known to reflect it: one that has not been ended reflects all that has been applied. */
  isMetBy(entry: StoredEntry, watermark: Offset, sources: Places): boolean {
    // What an event has expired does not reflect that event, however far the watermark is: only its own load counts.
    if (entry.expiredAsOf !== null) return this.#places.length === 0 && entry.stamp >= this.#offset;
    if (this.#offset > Math.max(watermark, entry.stamp)) return false;
    return this.#places.every((place) => sources.hasApplied(place));
  }

  /**
   * Whether a load that began at a watermark, for another reader or for none, sees it. Of a token that cannot be said, not even when the
   * load began for the same one: what lies before it in the log may have become visible since.
   *
   *     commit c is in the log · A takes a token behind it, its load begins · c is visible, B takes the same token
   */
  isWithin(other: Demand | null, watermark: Offset): boolean {
    return this.#places.length === 0 && this.#offset <= Math.max(watermark, other === null ? ORIGIN : other.#offset);
  }

  /**
   * Makes sure that a load that began for it has seen it. From a primary it has: what is demanded was visible there.
   *
   * @throws POSITION_UNREACHED
   */
  check({ stamp, older = [] }: Sight, what: string): void {
    const behind = older.find(
      (seen) => this.#offset > (stamp ?? ORIGIN) || !this.#places.every((one) => has(seen, one)),
    );
    if (!behind) return;
    const where = 'replayedTo' in behind ? `at ${behind.replayedTo}` : 'in a snapshot from before';
    throw new TidemarkError('POSITION_UNREACHED', `${what} was read from "${behind.source}" ${where}`);
  }
}

function has(seen: Seen, place: SourcePlace): boolean {
  if (seen.source !== place.source) return true;
  return 'replayedTo' in seen && isBefore(place, seen.history, seen.replayedTo);
}

function isOffset(one: unknown): one is Offset {
  return Number.isSafeInteger(one) && (one as number) >= 0;
}

function placeFrom(one: unknown): SourcePlace {
  const place = typeof one === 'string' ? parseToken(one) : null;
  if (place) return place;
  throw new TidemarkError('TOKEN_INVALID', excerpt(String(one), SHOWN_CHARS));
}
