import type { Entry } from '../model/entry.ts';
import type { Offset, SourceId } from '../model/position.ts';

export interface OpenTransaction {
  readonly source: SourceId;
  /** Offset of its first entry. */
  readonly from: Offset;
}

/**
 * Transactions that have begun in the journal and not ended. Large ones come in parts, and other sources' entries come
 * between the parts:
 *
 *     1 db part (not visible yet) · 2 app event · 3 db commit     a watermark at 2 would let a load that read the
 *                                                                 old row of 1 be stored with a stamp beyond 1
 *
 * So the watermark stands before the oldest open transaction of any source (SPEC I3).
 */
export class OpenTransactions {
  readonly #canEnd: (source: SourceId) => boolean;
  /** Offset of the first entry of each source's open transaction. */
  readonly #first = new Map<SourceId, Offset>();

  /** `canEnd`: whether the source is still read. One that was taken out of the configuration will never send the rest. */
  constructor(canEnd: (source: SourceId) => boolean) {
    this.#canEnd = canEnd;
  }

  see({ source, commit, offset }: Pick<Entry, 'source' | 'commit' | 'offset'>): void {
    if (commit) this.#first.delete(source);
    else if (!this.#first.has(source) && this.#canEnd(source)) this.#first.set(source, offset);
  }

  /** The oldest: the watermark stands before it. */
  get oldest(): OpenTransaction | null {
    let oldest: OpenTransaction | null = null;
    for (const [source, from] of this.#first) if (from < (oldest?.from ?? Infinity)) oldest = { source, from };
    return oldest;
  }

  /** Where the watermark may stand once everything up to `read` has been applied. */
  settled(read: Offset): Offset {
    let settled = read;
    for (const first of this.#first.values()) if (first <= settled) settled = (first - 1) as Offset;
    return settled;
  }
}
