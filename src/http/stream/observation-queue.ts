import type { Observation } from '../../operations.ts';

type Kind = Observation['type'];

/** What happens with every read. It may not crowd out what happens rarely and matters more. */
const FREQUENT: ReadonlySet<Kind> = new Set<Kind>(['cache:hit', 'cache:miss', 'fill:stored']);

/** Holds observations for a client that is slower than what happens: up to a bound, and counts the rest. */
export class ObservationQueue {
  readonly #max: number;
  #held: Observation[] = [];
  #dropped = 0;
  #wake: () => void = () => undefined;

  constructor(max: number) {
    this.#max = max;
  }

  add(observation: Observation): void {
    const room = FREQUENT.has(observation.type) ? this.#max / 2 : this.#max;
    if (this.#held.length < room) this.#held.push(observation);
    else this.#dropped++;
    this.#wake();
  }

  /** Resolves when there is something to take, or when the signal aborts. */
  ready(signal: AbortSignal): Promise<void> {
    if (this.#held.length > 0 || this.#dropped > 0 || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#wake = done;
      signal.addEventListener('abort', done, { once: true });
    });
  }

  /** Everything held, and how many there was no room for since the last time. */
  take(): { readonly observations: readonly Observation[]; readonly dropped: number } {
    const taken = { observations: this.#held, dropped: this.#dropped };
    this.#held = [];
    this.#dropped = 0;
    return taken;
  }
}
