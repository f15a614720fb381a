import { ORIGIN, type Mono, type Offset, type Position } from '../model/position.ts';

/** No proof yet. */
export const NEVER: Mono = -Infinity;

/** All that readers of the source could see at `t0` is in the journal at or below `at`, and at or below `position`. */
export interface Proof {
  readonly at: Offset;
  readonly t0: Mono;
  readonly position: Position | null;
}

/**
 * As of when one source is proven applied in one layer.
 *
 * A proof says: all that readers of the source could see at `t0` is in the journal at or below `at`. It counts once
 * the layer's watermark has reached `at`; then nothing of the source from before `t0` is missing here (SPEC I2).
 */
export class Proofs {
  /** Older proofs wait for lower offsets, so both columns rise. */
  readonly #waiting: Proof[] = [];
  #newest: Proof | null = null;
  #watermark = ORIGIN;

  get provenAt(): Mono {
    return this.#newest?.t0 ?? NEVER;
  }

  /** The newest that counts. */
  get newest(): Proof | null {
    return this.#newest;
  }

  /** The newest that waits for the watermark. */
  get waiting(): Proof | null {
    return this.#waiting.at(-1) ?? null;
  }

  add(at: Offset, t0: Mono, position: Position | null = null): void {
    const proof = { at, t0, position };
    if (at <= this.#watermark) {
      this.#count(proof);
      return;
    }
    const last = this.#waiting.at(-1);
    if (last && (last.at >= at || this.#waiting.length >= WAITING_MAX)) {
      // Waits for the same offset, or there are too many: the newer takes its place, which only delays.
      const newer = t0 > last.t0 ? proof : last;
      this.#waiting[this.#waiting.length - 1] = { ...newer, at: Math.max(last.at, at) as Offset };
    } else {
      this.#waiting.push(proof);
    }
  }

  advance(watermark: Offset): void {
    this.#watermark = watermark;
    let reached = 0;
    for (const proof of this.#waiting) {
      if (proof.at > watermark) break;
      this.#count(proof);
      reached++;
    }
    this.#waiting.splice(0, reached);
  }

  #count(proof: Proof): void {
    if (proof.t0 > this.provenAt) this.#newest = proof;
  }
}

/** At four proofs a second, four minutes of a layer that stands still. */
const WAITING_MAX = 1_024;
