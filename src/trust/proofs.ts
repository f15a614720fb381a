import { ORIGIN, type Mono, type Offset } from '../model/position.ts';

/** No proof yet. */
export const NEVER: Mono = -Infinity;

/**
 * As of when one source is proven applied in one layer.
 *
 * A proof says: all that readers of the source could see at `t0` is in the journal at or below `at`. It counts once
 * the layer's watermark has reached `at`; then nothing of the source from before `t0` is missing here (SPEC I2).
 */
export class Proofs {
  /** Older proofs wait for lower offsets, so both columns rise. */
  readonly #waiting: { at: Offset; t0: Mono }[] = [];
  #provenAt: Mono = NEVER;
  #watermark = ORIGIN;

  get provenAt(): Mono {
    return this.#provenAt;
  }

  add(at: Offset, t0: Mono): void {
    if (at <= this.#watermark) {
      this.#provenAt = Math.max(this.#provenAt, t0);
      return;
    }
    const last = this.#waiting.at(-1);
    if (last && (last.at >= at || this.#waiting.length >= WAITING_MAX)) {
      // Waits for the same offset, or there are too many: the newer takes its place, which only delays.
      last.at = Math.max(last.at, at) as Offset;
      last.t0 = Math.max(last.t0, t0);
    } else {
      this.#waiting.push({ at, t0 });
    }
  }

  advance(watermark: Offset): void {
    this.#watermark = watermark;
    let reached = 0;
    for (const proof of this.#waiting) {
      if (proof.at > watermark) break;
      this.#provenAt = Math.max(this.#provenAt, proof.t0);
      reached++;
    }
    this.#waiting.splice(0, reached);
  }
}

/** At four proofs a second, four minutes of a layer that stands still. */
const WAITING_MAX = 1_024;
