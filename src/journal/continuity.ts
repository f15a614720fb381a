import { TidemarkError } from '../errors.ts';
import type { PlannedBatch } from '../model/entry.ts';
import type { SourceId } from '../model/position.ts';

/**
 * Keeps an ordered source from going on behind a failed append.
 *
 *     source   append(tx 7) ──▶ fails: disk full     append(tx 8), asked for before the failure was noticed
 *     journal                                        disk has room again: tx 8 would be durable, resumeAt 8, tx 7 lost
 *
 * So after a failure every batch of the source is refused until it has asked where to go on.
 */
export class Continuity {
  readonly #broken = new Map<SourceId, unknown>();

  check({ source, position }: PlannedBatch): void {
    if (position === null || !this.#broken.has(source)) return;
    throw new TidemarkError('JOURNAL_PART_MISSING', `an earlier batch of source ${source} could not be appended`, {
      cause: this.#broken.get(source),
    });
  }

  break({ source, position }: PlannedBatch, cause: unknown): void {
    if (position !== null && !this.#broken.has(source)) this.#broken.set(source, cause);
  }

  mend(source: SourceId): void {
    this.#broken.delete(source);
  }
}
