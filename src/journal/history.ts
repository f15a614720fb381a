import type { PlannedBatch } from '../model/entry.ts';
import type { Epoch, Offset, Position, Resume, SourceId } from '../model/position.ts';

/** The newest transaction of a source in one epoch, as far as the journal has it. */
export interface Feed {
  readonly epoch: Epoch;
  readonly position: Position;
  /** How many of its changes the journal has: the first ones, without holes. */
  readonly count: number;
  readonly committed: boolean;
  /** Offset before the transaction's first entry. */
  readonly before: Offset;
  /** Offset of its newest entry. */
  readonly offset: Offset;
}

/** What the journal knows of one source, newest epoch first. */
export interface Past {
  readonly feeds: readonly Feed[];
  readonly resume: Resume | null;
}

/** An epoch ends when upstream was promoted, restored or made again; a batch of one that is so long over never comes. */
const EPOCHS_MAX = 16;

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

/** What of a batch its source's past is made of. */
type Taken = Pick<PlannedBatch, 'source' | 'epoch' | 'first' | 'commit' | 'restart'> & {
  readonly events: { readonly length: number };
};

export interface Written {
  readonly before: Offset;
  readonly offset: Offset;
}

/** The past of every source: small, in memory, and written together with the entries. */
export class History {
  readonly #kept: Map<SourceId, Past>;
  readonly #taken = new Map<SourceId, Past>();

  constructor(kept: Iterable<readonly [SourceId, Past]> = []) {
    this.#kept = new Map(kept);
  }

  feed(source: SourceId, epoch: Epoch): Feed | undefined {
    return this.#past(source)?.feeds.find((feed) => feed.epoch === epoch);
  }

  /** Durable: what was taken and not yet kept does not count. */
  resume(source: SourceId): Resume | null {
    return this.#kept.get(source)?.resume ?? null;
  }

  /**
   * The newest offset at which no transaction is open: the only place where a watermark may begin. Entries of an open
   * one are in the journal and not yet visible to readers; a load stamped beyond them would miss them for good. Of each
   * source only the newest can be open: an older one that never got its commit was cut off by a gap.
   */
  settled(head: Offset): Offset {
    const open = [...this.#kept.values()].flatMap(({ feeds: [newest] }) =>
      newest?.committed === false ? [newest] : [],
    );
    return Math.min(head, ...open.map(({ before }) => before)) as Offset;
  }

  /** Takes a batch's effect up, to be kept or dropped together with its entries: those behind `before`, up to `offset`. */
  take(batch: Taken, position: Position, placement: Placement, written: Written): void {
    if (placement.what === 'known') return;
    const { source, epoch, commit } = batch;
    const past = this.#past(source);
    const known = past?.feeds.find((feed) => feed.epoch === epoch);
    const same = !batch.restart && known?.position === position;
    const count = Math.max(same ? known.count : 0, batch.first + batch.events.length);
    const committed = commit || (same && known.committed);
    const feed = {
      epoch,
      position,
      count,
      committed,
      before: same ? known.before : written.before,
      offset: written.offset,
    };
    const others = (past?.feeds ?? []).filter((other) => other !== known).slice(0, EPOCHS_MAX - 1);
    this.#taken.set(source, {
      feeds: [feed, ...others],
      resume: commit ? { epoch, position } : (past?.resume ?? null),
    });
  }

  get kept(): Iterable<readonly [SourceId, Past]> {
    return this.#kept;
  }

  get taken(): Iterable<readonly [SourceId, Past]> {
    return this.#taken;
  }

  keep(): void {
    for (const [source, past] of this.#taken) this.#kept.set(source, past);
    this.#taken.clear();
  }

  drop(): void {
    this.#taken.clear();
  }

  #past(source: SourceId): Past | undefined {
    return this.#taken.get(source) ?? this.#kept.get(source);
  }
}
