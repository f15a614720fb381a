import type { Ownership, Relays } from '../journal/relays.ts';
import { backoffMs } from '../runtime/backoff.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Standing } from './standing.ts';

export interface WorkParts {
  /** `source:NAME`, `layer:NAME` or `projections`. */
  readonly name: string;
  /** Absent: this daemon is alone, and all work is its own. */
  readonly relays: Relays | undefined;
  readonly standing: Standing;
  readonly runtime: Runtime;
  /** Does it until the signal aborts, or until it finds that another does. */
  readonly run: (signal: AbortSignal, term?: number) => Promise<void>;
}

/** Work that one relay at a time does: waits for its turn, does it while the turn lasts, and waits again. */
export class Work {
  readonly name: string;
  readonly #parts: WorkParts;
  #ownership: Ownership | null = null;

  constructor(parts: WorkParts) {
    this.name = parts.name;
    this.#parts = parts;
  }

  /** By which this relay does it now; `null`: it does not, or is alone. */
  get term(): number | null {
    return this.#ownership?.term ?? null;
  }

  get isOurs(): boolean {
    return this.#parts.relays === undefined || this.#ownership !== null;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { relays, run, standing, runtime, name } = this.#parts;
    if (!relays) return run(signal);
    for (let attempt = 0; !signal.aborted;) {
      try {
        await standing.regained(signal);
        const turn = AbortSignal.any([signal, standing.lost]);
        const owned = turn.aborted ? null : await relays.own(name, turn);
        if (owned) await this.#do(owned, turn);
        attempt = 0;
      } catch (error) {
        runtime.log.warn({ work: name, err: error }, 'work could not be taken over; trying again');
        await runtime.clock.sleep(backoffMs(attempt++, runtime.random), signal);
      }
    }
  }

  async #do(owned: Ownership, turn: AbortSignal): Promise<void> {
    const { run, runtime, name } = this.#parts;
    runtime.log.info({ work: name, term: owned.term }, 'this relay does it now');
    this.#ownership = owned;
    try {
      await run(AbortSignal.any([turn, owned.lost]), owned.term);
    } finally {
      this.#ownership = null;
      runtime.log.info({ work: name, term: owned.term }, 'this relay stands by');
      await owned.release();
    }
  }
}
