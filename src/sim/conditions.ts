import type { SimulatedTime } from '../runtime/simulated-time.ts';
import { Tally, type FaultKind } from './faults.ts';
import type { Fault } from './plan.ts';

interface Window {
  readonly until: number;
  readonly amount: number;
  counted: boolean;
}

/** What is wrong with the world at the moment. A fault counts once it has met something, and a window of it once. */
export class Conditions {
  readonly tally = new Tally();
  readonly #time: SimulatedTime;
  readonly #windows = new Map<FaultKind, Window>();
  readonly #pending = new Map<FaultKind, number>();

  constructor(time: SimulatedTime) {
    this.#time = time;
  }

  /** From now on for as long as the fault lasts. */
  open({ kind, ms, amount }: Fault): void {
    this.#windows.set(kind, { until: this.#time.now + ms, amount, counted: false });
  }

  /** The next few times that somebody asks. */
  arm({ kind, amount }: Fault): void {
    this.#pending.set(kind, (this.#pending.get(kind) ?? 0) + amount);
  }

  /** How much of it there is now; 0: it is not. Whoever asks is affected. */
  during(kind: FaultKind): number {
    const window = this.#windows.get(kind);
    if (!window || window.until < this.#time.now) return 0;
    if (!window.counted) this.tally.hit(kind);
    window.counted = true;
    return window.amount;
  }

  /** How long it still lasts. */
  left(kind: FaultKind): number {
    return Math.max(0, (this.#windows.get(kind)?.until ?? 0) - this.#time.now);
  }

  take(kind: FaultKind): boolean {
    const left = this.#pending.get(kind) ?? 0;
    if (left === 0) return false;
    this.#pending.set(kind, left - 1);
    this.tally.hit(kind);
    return true;
  }

  heal(): void {
    this.#windows.clear();
    this.#pending.clear();
  }
}
