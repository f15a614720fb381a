import { ORIGIN, type Offset } from '../model/position.ts';

/** How far each consumer has come. Only ever forward; what is not saved yet is dirty. */
export class Cursors {
  readonly #offsets: Map<string, Offset>;
  readonly #dirty = new Set<string>();

  constructor(saved: Iterable<readonly [string, Offset]> = []) {
    this.#offsets = new Map(saved);
  }

  get(consumer: string): Offset | null {
    return this.#offsets.get(consumer) ?? null;
  }

  /** False when nothing changed by it. */
  settle(consumer: string, offset: Offset): boolean {
    const before = this.#offsets.get(consumer);
    if (before !== undefined && offset <= before) return false;
    this.#offsets.set(consumer, offset);
    this.#dirty.add(consumer);
    return true;
  }

  /** Forgets all but these; returns those that it forgot. */
  keep(consumers: readonly string[]): readonly string[] {
    const others = [...this.#offsets.keys()].filter((consumer) => !consumers.includes(consumer));
    for (const consumer of others) {
      this.#offsets.delete(consumer);
      this.#dirty.delete(consumer);
    }
    return others;
  }

  /** Up to here every consumer has read; unbounded when there is none. */
  get lowest(): number {
    return Math.min(...this.#offsets.values());
  }

  /** Name of the consumer that has come least far. */
  get slowest(): string {
    const { lowest } = this;
    for (const [consumer, offset] of this.#offsets) if (offset === lowest) return consumer;
    return 'nobody';
  }

  get dirty(): boolean {
    return this.#dirty.size > 0;
  }

  save(write: (consumer: string, offset: Offset) => void): void {
    for (const consumer of this.#dirty) write(consumer, this.#offsets.get(consumer) ?? ORIGIN);
  }

  /** Without `written`, all of them; else only what has not moved on since. */
  saved(written?: readonly (readonly [consumer: string, Offset])[]): void {
    if (!written) this.#dirty.clear();
    for (const [consumer, offset] of written ?? [])
      if (this.#offsets.get(consumer) === offset) this.#dirty.delete(consumer);
  }
}
