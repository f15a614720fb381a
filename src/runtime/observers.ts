import type { Observation, ObservationType, ObservedFields } from '../model/observation.ts';
import type { Clock } from './runtime.ts';

/** Those who look on. Telling costs nothing while nobody does, and a listener that throws harms nobody. */
export class Observers {
  readonly #clock: Clock;
  readonly #listeners = new Set<(observation: Observation) => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get active(): boolean {
    return this.#listeners.size > 0;
  }

  add(listener: (observation: Observation) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  tell(type: ObservationType, fields: ObservedFields): void {
    if (this.#listeners.size === 0) return;
    const observation: Observation = { type, at: this.#clock.now(), fields };
    for (const listener of this.#listeners) {
      try {
        listener(observation);
      } catch {
        // An observer's mistake is its own.
      }
    }
  }
}
