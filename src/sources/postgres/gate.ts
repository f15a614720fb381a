import { TidemarkError } from '../../errors.ts';
import type { Mono } from '../../model/position.ts';
import type { Clock } from '../../runtime/runtime.ts';
import { isVisible, parseSnapshot, type Snapshot } from './snapshot.ts';

/** Queries come at most this often, so that a flood of small transactions shares them. */
const SPACING_MS = 1;
/** A commit that waits for a standby can wait long: it is asked for less and less often, but never later than this. */
const SPACING_MAX_MS = 20;

export interface GateOptions {
  readonly clock: Clock;
  /** Takes `pg_current_snapshot()` on an ordinary connection. */
  readonly snapshot: () => Promise<string>;
  readonly changed: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * The visibility gate (SPEC I1). PostgreSQL sends a commit when its record is on disk, and lets new readers see it only
 * afterwards: after the synchronous standbys have answered, if there are any. A load in between reads the old row.
 *
 *     commit record c on disk · stream brings c · load reads old, stamped >= c · c becomes visible  → stale for good
 *
 * So a commit waits here until a snapshot has it. One query answers for every commit that is waiting, and it need not be
 * younger than the commit's arrival: what a snapshot sees, all later ones see.
 */
export class Gate {
  readonly #options: GateOptions;
  #snapshot: Snapshot | null = null;
  #takenAt: Mono = -Infinity;
  #asking = false;
  #spacing = SPACING_MS;
  #stopped = false;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Whether new readers are known to see the transaction. If not, a snapshot that may know it is on its way. */
  sees(xid: number): boolean {
    if (this.#snapshot && isVisible(xid, this.#snapshot)) {
      this.#spacing = SPACING_MS;
      return true;
    }
    this.#ask();
    return false;
  }

  /** Whether the transaction was invisible in a snapshot that was taken after `time`; then it was at `time`, too. */
  wasUnseenAfter(xid: number, time: Mono): boolean {
    return this.#snapshot !== null && this.#takenAt >= time && !isVisible(xid, this.#snapshot);
  }

  stop(): void {
    this.#stopped = true;
  }

  #ask(): void {
    if (this.#asking || this.#stopped) return;
    this.#asking = true;
    const sinceLast = this.#options.clock.mono() - this.#takenAt;
    if (sinceLast >= this.#spacing) void this.#query();
    else this.#options.clock.after(this.#spacing - sinceLast, () => void this.#query());
  }

  async #query(): Promise<void> {
    const { clock, snapshot, changed, failed } = this.#options;
    if (this.#stopped) return;
    const askedAt = clock.mono();
    try {
      const text = await snapshot();
      const parsed = parseSnapshot(text);
      if (!parsed) throw new TidemarkError('POSTGRES_PROTOCOL', `a snapshot that reads ${JSON.stringify(text)}`);
      this.#snapshot = parsed;
      this.#takenAt = askedAt;
    } catch (error) {
      this.#stopped = true;
      failed(error);
      return;
    } finally {
      this.#asking = false;
    }
    this.#spacing = Math.min(this.#spacing * 2, SPACING_MAX_MS);
    changed();
  }
}
