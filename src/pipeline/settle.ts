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
  readonly #waiters: Waiter[] = [];
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
    return Math.min(Number.MAX_SAFE_INTEGER, ...this.#watermarks.values()) as Offset;
  }

  advance(layer: string, watermark: Offset): void {
    this.#watermarks.set(layer, Math.max(this.watermark(layer), watermark) as Offset);
    for (const wake of this.#moved) wake();
    const reached = this.everywhere;
    const beyond = this.#waiters.findIndex(({ offset }) => offset > reached);
    this.#tell(beyond < 0 ? this.#waiters.length : beyond);
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
      while ((this.#waiters[place - 1]?.offset ?? ORIGIN) > offset) place--;
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
        signal.addEventListener('abort', wake);
      });
    }
  }

  close(): void {
    this.#closed = true;
    this.#tell(this.#waiters.length);
  }

  #tell(first: number): void {
    for (const { offset, resolve } of this.#waiters.splice(0, first)) resolve(this.results(offset));
  }
}

/** Failures remembered per layer for receipts still held by callers; older ones are in the dead letters. */
const FAILED_MAX = 1_024;
