import { SeededRandom } from '../runtime/virtual.ts';

/** A stream of random choices with a name of its own, so that taking one choice away leaves the others as they are. */
export class Draw {
  readonly #base: number;
  #random: SeededRandom;

  constructor(seed: number, name: string) {
    this.#base = mix(seed, name);
    this.#random = new SeededRandom(this.#base);
  }

  /**
   * From here on, the choices of this moment. What happens outside of the process is drawn so: leaving one thing out of
   * a plan does not change how long others take, and a failure can be shrunk.
   */
  at(time: number): this {
    this.#random = new SeededRandom(Math.imul(this.#base ^ Math.floor(time * 1_000), 0x9e3779b1));
    return this;
  }

  /** Uniform in [0, 1). */
  next(): number {
    return this.#random.next();
  }

  id(): string {
    return this.#random.id();
  }

  chance(probability: number): boolean {
    return this.#random.next() < probability;
  }

  /** A whole number from 0 to `count - 1`. */
  below(count: number): number {
    return Math.floor(this.#random.next() * count);
  }

  between(low: number, high: number): number {
    return low + this.#random.next() * (high - low);
  }

  /** Mostly near `low`, seldom near `high`: like delays. */
  long(low: number, high: number): number {
    const x = this.#random.next();
    return low + x * x * x * (high - low);
  }

  pick<T>(items: readonly [T, ...T[]]): T;
  pick<T>(items: readonly T[]): T | undefined;
  pick<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)];
  }
}

/** FNV-1a over the name, from the seed on. */
function mix(seed: number, name: string): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
}
