import type { Offset } from '../model/position.ts';

interface Waiter {
  readonly after: Offset;
  readonly wake: () => void;
}

/** Those who wait for the head to move. Whoever goes away takes its listener along, so a long signal does not collect them. */
export class Waiting {
  readonly #waiters = new Set<Waiter>();

  /** Resolves when the head is beyond `after` (`head` is where it is now), or when the signal aborts. */
  beyond(after: Offset, head: Offset, signal: AbortSignal): Promise<void> {
    if (head > after || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiters.delete(waiter);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const waiter: Waiter = { after, wake };
      this.#waiters.add(waiter);
      signal.addEventListener('abort', wake);
    });
  }

  moved(head: Offset): void {
    for (const waiter of this.#waiters) if (head > waiter.after) waiter.wake();
  }

  get size(): number {
    return this.#waiters.size;
  }
}
