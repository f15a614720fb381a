import type { Clock } from '../runtime/runtime.ts';

/** Wakes those who wait for this process to have applied or proven more. */
export class Progress {
  readonly #waiting = new Set<() => void>();

  /** A watermark has moved, or a proof has come to count. Costs nothing while nobody waits. */
  moved(): void {
    for (const look of this.#waiting) look();
  }

  /**
   * Whether it holds within the time. Looks now and after each move; by the time the caller goes on something may have
   * changed again, so it looks for itself.
   */
  async until(holds: () => boolean, ms: number, { clock, closing }: Patience): Promise<boolean> {
    if (holds()) return true;
    if (ms <= 0 || closing.aborted) return false;
    return new Promise((resolve) => {
      const end = (held: boolean): void => {
        cancel();
        closing.removeEventListener('abort', giveUp);
        this.#waiting.delete(look);
        resolve(held);
      };
      const look = (): void => {
        if (holds()) end(true);
      };
      const giveUp = (): void => {
        end(false);
      };
      const cancel = clock.after(ms, giveUp);
      closing.addEventListener('abort', giveUp, { once: true });
      this.#waiting.add(look);
    });
  }
}

export interface Patience {
  readonly clock: Clock;
  readonly closing: AbortSignal;
}
