import type { Batch } from '../../model/event.ts';
import type { Epoch, Mono, SourceId } from '../../model/position.ts';
import type { Clock } from '../../runtime/runtime.ts';
import { toPosition, type Lsn } from './lsn.ts';

/** Log that the slot may pin although none of it is of interest: a sixteenth of one segment file. */
const CHECKPOINT_BYTES = 1_048_576n;
const CHECKPOINT_EVERY_MS = 5_000;

/**
 * A slot pins the log from the last acknowledgement on, and only what the journal has may be acknowledged. Where other
 * tables are written and ours are not, that would fill the server's disk. So now and then a commit
 * without changes is sent through the journal: then the journal knows a later position, and it can be acknowledged.
 *
 * Rejected: to acknowledge the server's keepalives directly, as subscribers usually do. The slot would be ahead of the
 * journal, which is exactly how a slot looks that somebody else has recreated or moved on.
 */
export class Checkpoints {
  readonly #source: SourceId;
  readonly #epoch: Epoch;
  readonly #clock: Clock;
  #last: Lsn;
  #lastAt: Mono;

  constructor({ source, epoch, clock, from }: { source: SourceId; epoch: Epoch; clock: Clock; from: Lsn }) {
    this.#source = source;
    this.#epoch = epoch;
    this.#clock = clock;
    this.#last = from;
    this.#lastAt = clock.mono();
  }

  /** A commit has been sent on: the journal will know this position anyway. */
  moved(lsn: Lsn): void {
    this.#last = lsn;
    this.#lastAt = this.#clock.mono();
  }

  due(walEnd: Lsn): Batch | null {
    const now = this.#clock.mono();
    if (walEnd - this.#last < CHECKPOINT_BYTES || now - this.#lastAt < CHECKPOINT_EVERY_MS) return null;
    this.moved(walEnd);
    const receivedAt = this.#clock.now();
    const position = toPosition(walEnd);
    return { source: this.#source, epoch: this.#epoch, position, first: 0, commit: true, events: [], receivedAt };
  }
}
