import type { PlannedBatch } from '../model/entry.ts';
import type { Epoch, Offset, Position, Resume, SourceId } from '../model/position.ts';

/** The newest transaction of one source in one epoch, as far as the journal has it. */
export interface Feed {
  readonly source: SourceId;
  readonly epoch: Epoch;
  readonly position: Position;
  /** How many of its changes the journal has: the first ones, without holes. */
  readonly count: number;
  readonly committed: boolean;
  /** Offset of the feed's newest entry. */
  readonly offset: Offset;
}

/** Where an ordered batch stands against what the journal has. */
export type Placement =
  /** Events from index `skip` on are new. */
  | { readonly what: 'append'; readonly skip: number }
  /** Every event is there, but not that the transaction ended with them. */
  | { readonly what: 'mark' }
  /** A commit without events: only the place to resume from moves. */
  | { readonly what: 'move' }
  | { readonly what: 'known' }
  /** Parts before this one never came: appending it would leave a hole inside its transaction. */
  | { readonly what: 'missing'; readonly have: number };

type Ordered = Pick<PlannedBatch, 'first' | 'commit' | 'restart'> & {
  readonly position: Position;
  readonly events: { readonly length: number };
};

/**
 * Decides by epoch, position and index in the transaction. Upstream sends whole transactions again after a restart,
 * perhaps cut into other parts, so what is there already is always a prefix.
 */
export function place(feed: Feed | undefined, batch: Ordered): Placement {
  const { position, first, commit } = batch;
  const length = batch.events.length;
  const isNewer = batch.restart === true || feed === undefined || position > feed.position;
  if (!isNewer && position < feed.position) return { what: 'known' };
  const have = isNewer ? 0 : feed.count;
  if (first > have) return { what: 'missing', have };
  if (first + length > have) return { what: 'append', skip: have - first };
  if (!commit || (!isNewer && feed.committed)) return { what: 'known' };
  return have > 0 ? { what: 'mark' } : { what: 'move' };
}

/** What the journal knows of every source's past: small, in memory, and written together with the entries. */
export class History {
  #feeds = new Map<string, Feed>();
  #resumes = new Map<SourceId, Resume>();
  #newFeeds = new Map<string, Feed>();
  #newResumes = new Map<SourceId, Resume>();

  feed(source: SourceId, epoch: Epoch): Feed | undefined {
    const key = feedKey(source, epoch);
    return this.#newFeeds.get(key) ?? this.#feeds.get(key);
  }

  resume(source: SourceId): Resume | undefined {
    return this.#resumes.get(source);
  }

  restore(feeds: Iterable<Feed>, resumes: Iterable<readonly [SourceId, Resume]>): void {
    for (const feed of feeds) this.#feeds.set(feedKey(feed.source, feed.epoch), feed);
    for (const [source, resume] of resumes) this.#resumes.set(source, resume);
  }

  /** Takes a batch's effect up, to be kept or dropped together with its entries. `offset`: its newest entry. */
  take(batch: PlannedBatch, position: Position, placement: Placement, offset: Offset): void {
    const { source, epoch, commit } = batch;
    const before = this.feed(source, epoch);
    const same = !batch.restart && before?.position === position;
    const count = Math.max(same ? before.count : 0, batch.first + batch.events.length);
    if (placement.what !== 'known') {
      const committed = commit || (same && before.committed);
      this.#newFeeds.set(feedKey(source, epoch), { source, epoch, position, count, committed, offset });
      if (commit) this.#newResumes.set(source, { epoch, position });
    }
  }

  /** Transactions whose commit the journal does not have yet: of each source, if its newest one is open. */
  get open(): readonly Feed[] {
    const newest = new Map<SourceId, Feed>();
    for (const feed of this.#feeds.values()) {
      const known = newest.get(feed.source);
      if (!known || known.offset < feed.offset) newest.set(feed.source, feed);
    }
    return [...newest.values()].filter(({ committed }) => !committed);
  }

  get changed(): { readonly feeds: Iterable<Feed>; readonly resumes: Iterable<readonly [SourceId, Resume]> } {
    return { feeds: this.#newFeeds.values(), resumes: this.#newResumes };
  }

  keep(): void {
    this.restore(this.#newFeeds.values(), this.#newResumes);
    this.drop();
  }

  drop(): void {
    this.#newFeeds.clear();
    this.#newResumes.clear();
  }
}

function feedKey(source: SourceId, epoch: Epoch): string {
  return `${String(source.length)}:${source}${epoch}`;
}
