import type { Mono, Offset } from '../model/position.ts';
import { NEVER } from './proofs.ts';

/**
 * The recent proofs of one source, for values that this process did not load: from a shared layer, or from a replica.
 * Such a value reflects everything up to an offset; the newest proof at or below it says as of when that is
 * (SPEC I2), by this process' clock and no other machine's.
 */
export class ProofRing {
  /** Both columns rise: a later proof covers at least as much. */
  readonly #proofs: { at: Offset; t0: Mono }[] = [];

  add(at: Offset, t0: Mono): void {
    const last = this.#proofs.at(-1);
    if (last && (last.at > at || last.t0 > t0)) return;
    if (last?.at === at) last.t0 = t0;
    else this.#proofs.push({ at, t0 });
    if (this.#proofs.length > PROOFS_MAX) this.#proofs.shift();
  }

  /** As of when a value is current that reflects everything up to `through`; `NEVER` when no proof is that old. */
  asOf(through: Offset): Mono {
    return this.#proofs.findLast(({ at }) => at <= through)?.t0 ?? NEVER;
  }
}

/** At four proofs a second, four minutes: entries that are valid no further than that are older than any bound asked for. */
const PROOFS_MAX = 1_024;
