import type { Mono, Offset } from '../model/position.ts';
import { NEVER } from './proofs.ts';
import { leading } from './search.ts';

/** At four proofs a second with events between all of them, the last 17 minutes: longer than a replica should lag. */
const PROOFS_MAX = 4_096;

/** Proofs of a source that have been: how old what is known of a load is that saw the journal up to some offset only. */
export class ProvenPast {
  /** Both columns rise. */
  readonly #proofs: { readonly at: Offset; t0: Mono }[] = [];

  /** All that readers of the source could see at `t0` is in the journal at or below `at`. */
  add(at: Offset, t0: Mono): void {
    const last = this.#proofs.at(-1);
    if (last && last.at >= at) last.t0 = Math.max(last.t0, t0);
    else this.#proofs.push({ at, t0 });
    // Half at once: dropping one at a time would move all the others each time.
    if (this.#proofs.length > PROOFS_MAX) this.#proofs.splice(0, PROOFS_MAX / 2);
  }

  /** As of when a load that saw everything up to `stamp` is known to be what the source held. */
  asOf(stamp: Offset): Mono {
    return this.#proofs[leading(this.#proofs, ({ at }) => at <= stamp) - 1]?.t0 ?? NEVER;
  }
}
