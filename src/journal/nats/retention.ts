import type { Millis, Offset } from '../../model/position.ts';
import type { Entries } from './entries.ts';
import type { Link } from './link.ts';
import type { CheckpointPlace, Tail } from './tail.ts';
import type { LogWriter } from './writer.ts';

const CHECKPOINT_KEY = 'checkpoint';
/** Entries looked at in one go, then others get a turn. */
const LOOK_AT = 2_000;

export interface Sizes {
  /** Messages that an opening reads at most, but for those of one more round: about a second. */
  readonly checkpointEvery: number;
  /** Messages that are worth a purge: each costs a checkpoint before it. */
  readonly purgeFrom: number;
}

export const SIZES: Sizes = { checkpointEvery: 50_000, purgeFrom: 1_000 };

interface Parts {
  readonly link: Link;
  readonly tail: Tail;
  readonly writer: LogWriter;
  readonly entries: Entries;
}

/** Keeps the stream short: entries go when they are old, and what they made of the state stays in a checkpoint. */
export class Retention {
  readonly #parts: Parts;
  readonly #sizes: Sizes;
  #place: CheckpointPlace | null;
  #checkpointing: Promise<void> | null = null;

  constructor(parts: Parts, place: CheckpointPlace | null, sizes: Sizes) {
    this.#parts = parts;
    this.#place = place;
    this.#sizes = sizes;
  }

  async trim(olderThan: Millis, lowest: number): Promise<number> {
    const { entries, tail, writer } = this.#parts;
    const { first, head } = tail.state;
    const bound = Math.min(lowest, head);
    let next = first;
    while (next <= bound) {
      const page = await entries.read((next - 1) as Offset, Math.min(LOOK_AT, bound - next + 1));
      const kept = page.findIndex(({ receivedAt }) => receivedAt >= olderThan);
      next = (next + (kept < 0 ? page.length : kept)) as Offset;
      if (kept >= 0 || page.length === 0) break;
    }
    if (next > first)
      await writer.write((draft) => {
        if (next > draft.first) draft.add({ kind: 'trimmed', first: next });
      });
    await this.#purge();
    return next - first;
  }

  /** A log that has grown long since the last checkpoint gets one. */
  async checkpointIfLong(): Promise<void> {
    const { tail } = this.#parts;
    const since = tail.seq - tail.checkpointSeq;
    if (since >= this.#sizes.checkpointEvery) await this.#checkpoint();
  }

  async #purge(): Promise<void> {
    const { entries, link, tail } = this.#parts;
    const { first, last } = await link.bounds(tail.seq);
    const worth = link.isNearlyFull ? 1 : this.#sizes.purgeFrom;
    if (last - first < worth) return;
    const keep = await entries.locate(tail.state.first);
    if (keep - first < worth) return;
    await this.#checkpoint();
    if (this.#place) await link.purgeBefore(Math.min(keep, this.#place.seq));
    await link.bounds(tail.seq);
  }

  async #checkpoint(): Promise<void> {
    this.#checkpointing ??= this.#write().finally(() => {
      this.#checkpointing = null;
    });
    await this.#checkpointing;
  }

  async #write(): Promise<void> {
    const { link, writer } = this.#parts;
    const place = await writer.checkpoint();
    await link.kv.put(CHECKPOINT_KEY, JSON.stringify({ ...place, created: link.created }));
    this.#place = place;
  }
}

/** Where the newest checkpoint of this stream is; a stream of the same name that was deleted may have left its own. */
export async function checkpointPlace(link: Link): Promise<CheckpointPlace | null> {
  const entry = await link.kv.get(CHECKPOINT_KEY);
  if (entry?.operation !== 'PUT') return null;
  const { created, ...place } = JSON.parse(entry.string()) as CheckpointPlace & { created: string };
  return created === link.created ? place : null;
}
