interface Waiter {
  readonly after: number;
  readonly wake: () => void;
}

/** Those who wait for something that only rises, as a head, to move. Whoever goes away takes its listener along, so a long signal does not collect them. */
export class Waiting {
  readonly #waiters = new Set<Waiter>();

  /** Resolves when the head is beyond `after` (`head` is where it is now), or when the signal aborts. */
  beyond(after: number, head: number, signal: AbortSignal): Promise<void> {
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

  moved(head: number): void {
    for (const waiter of this.#waiters) if (head > waiter.after) waiter.wake();
  }

  get size(): number {
    return this.#waiters.size;
  }
}
