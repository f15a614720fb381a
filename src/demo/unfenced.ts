import type { Clock } from '../runtime/runtime.ts';

/**
 * What most programs have: a Map with a TTL that events delete from. Here for contrast only. It hears of every
 * invalidation as soon as Tidemark's own layer does; all that it lacks is a fence.
 */
export class UnfencedCache<T> {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #entries = new Map<string, { readonly value: T; readonly expiresAt: number }>();

  constructor(clock: Clock, ttlMs: number) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
  }

  async getOrSet(key: string, load: () => Promise<T>): Promise<T> {
    const held = this.peek(key);
    if (held) return held.value;
    const value = await load();
    this.#entries.set(key, { value, expiresAt: this.#clock.mono() + this.#ttlMs });
    return value;
  }

  peek(key: string): { readonly value: T; readonly forMs: number } | null {
    const held = this.#entries.get(key);
    const forMs = held ? held.expiresAt - this.#clock.mono() : 0;
    return held && forMs > 0 ? { value: held.value, forMs } : null;
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}
