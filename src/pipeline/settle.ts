import { ORIGIN, type Offset } from '../model/position.ts';
import type { LayerResults } from '../model/status.ts';

interface Waiter {
  readonly offset: Offset;
  readonly resolve: (results: LayerResults) => void;
}

/** How far every layer has come, and who waits for it. The watermark of a layer never goes back (SPEC I3). */
export class Settlement {
  readonly #watermarks = new Map<string, Offset>();
  readonly #failed = new Map<string, Set<Offset>>();
  #waiters: Waiter[] = [];
  readonly #moved = new Set<() => void>();
  #closed = false;

  add(layer: string, watermark: Offset): void {
    this.#watermarks.set(layer, watermark);
  }

  watermark(layer: string): Offset {
    return this.#watermarks.get(layer) ?? ORIGIN;
  }

  /** The offset that every layer has reached. */
  get everywhere(): Offset {
    let lowest: Offset | null = null;
    for (const watermark of this.#watermarks.values()) if (lowest === null || watermark < lowest) lowest = watermark;
    return lowest ?? (Number.MAX_SAFE_INTEGER as Offset);
  }

  advance(layer: string, watermark: Offset): void {
    if (watermark <= this.watermark(layer)) return;
    this.#watermarks.set(layer, watermark);
    for (const wake of this.#moved) wake();
    const reached = this.everywhere;
    let passed = 0;
    for (const waiter of this.#waiters) {
      if (waiter.offset > reached) break;
      waiter.resolve(this.results(waiter.offset));
      passed++;
    }
    if (passed > 0) this.#waiters.splice(0, passed);
  }

  /** An action of this entry failed for good in a layer; the next larger class was invalidated in its place. */
  fail(layer: string, offset: Offset): void {
    let failed = this.#failed.get(layer);
    if (!failed) this.#failed.set(layer, (failed = new Set()));
    failed.add(offset);
    if (failed.size <= FAILED_MAX) return;
    for (const oldest of failed) {
      failed.delete(oldest);
      return;
    }
  }

  results(offset: Offset): LayerResults {
    const results: Record<string, 'applied' | 'queued' | 'failed'> = {};
    for (const [layer, watermark] of this.#watermarks) {
      if (this.#failed.get(layer)?.has(offset)) results[layer] = 'failed';
      else results[layer] = watermark >= offset ? 'applied' : 'queued';
    }
    return results;
  }

  /** Resolves when every layer has passed the offset; at close with what it has come to by then. */
  reached(offset: Offset): Promise<LayerResults> {
    if (this.#closed || offset <= this.everywhere) return Promise.resolve(this.results(offset));
    return new Promise((resolve) => {
      // By offset; whoever comes later nearly always waits for more, so the place is found at the end.
      let place = this.#waiters.length;
      while (place > 0 && (this.#waiters[place - 1]?.offset ?? 0) > offset) place--;
      this.#waiters.splice(place, 0, { offset, resolve });
    });
  }

  /** Resolves when the layers named have all passed the offset, or when the signal aborts. */
  async moved(layers: readonly string[], after: Offset, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && layers.some((layer) => this.watermark(layer) <= after)) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#moved.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        this.#moved.add(wake);
        signal.addEventListener('abort', wake, { once: true });
      });
    }
  }

  close(): void {
    this.#closed = true;
    for (const waiter of this.#waiters) waiter.resolve(this.results(waiter.offset));
    this.#waiters = [];
  }
}

/** Failures remembered per layer for receipts still held by callers; older ones are in the dead letters. */
const FAILED_MAX = 1_024;
