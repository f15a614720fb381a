/** Time for libraries that read the clock themselves: it stands still, and moves when it is told to. */
export class StandingClock {
  readonly #now = Date.now;
  readonly #mono = performance.now.bind(performance);
  readonly #startedAt = { wall: Date.now(), mono: performance.now() };
  #passed = 0;

  constructor() {
    Date.now = () => Math.round(this.#startedAt.wall + this.#passed);
    performance.now = () => this.#startedAt.mono + this.#passed;
  }

  /** Stamps of one millisecond are a race of their own; here every step has its own. */
  advance(ms = 10): void {
    this.#passed += ms;
  }

  restore(): void {
    Date.now = this.#now;
    performance.now = this.#mono;
  }
}
