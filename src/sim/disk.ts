import { TidemarkError } from '../errors.ts';
import type { Conditions } from './conditions.ts';
import type { Draw } from './draw.ts';

export interface DiskParts {
  readonly conditions: Conditions;
  readonly draw: Draw;
  readonly syncMs: number;
}

/**
 * A file that lines are appended to. What was not flushed when the process or the machine ends may be there, may be
 * gone from some line on, and the line at which it is cut may be half there.
 */
export class Disk {
  readonly #parts: DiskParts;
  #synced: string[] = [];
  #unsynced: string[] = [];
  /** Told once of the next write, so that a crash can come before it is flushed. */
  onWrite: (() => void) | null = null;

  constructor(parts: DiskParts) {
    this.#parts = parts;
  }

  /** @throws JOURNAL_WRITE_FAILED when it is full; then nothing of it is there */
  write(lines: readonly string[]): void {
    if (this.#parts.conditions.during('disk-full') > 0)
      throw new TidemarkError('JOURNAL_WRITE_FAILED', 'no space left');
    this.#unsynced.push(...lines);
    const told = this.onWrite;
    this.onWrite = null;
    told?.();
  }

  /** How long a flush takes now. */
  syncMs(now: number): number {
    const { draw, conditions, syncMs } = this.#parts;
    draw.at(now);
    return draw.long(0, syncMs) + draw.next() * conditions.during('disk-slow');
  }

  /** What was written is safe from now on. */
  synced(): void {
    this.#synced.push(...this.#unsynced);
    this.#unsynced = [];
  }

  crash(): void {
    const { draw, conditions } = this.#parts;
    const lines = this.#unsynced;
    this.#unsynced = [];
    if (lines.length === 0) return;
    const kept = draw.below(lines.length + 1);
    this.#synced.push(...lines.slice(0, kept));
    if (kept === lines.length) return;
    conditions.tally.hit('write-lost');
    const torn = lines[kept] ?? '';
    if (torn.length < 2 || draw.chance(0.5)) return;
    conditions.tally.hit('write-torn');
    this.#synced.push(torn.slice(0, 1 + draw.below(torn.length - 1)));
  }

  read(): readonly string[] {
    return this.#synced;
  }

  /** Everything from this line on is not part of the file any more. */
  truncate(lines: number): void {
    this.#synced.length = lines;
  }
}
