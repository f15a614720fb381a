import { TidemarkError } from '../errors.ts';
import type { Offset } from '../model/position.ts';
import { backoffMs } from '../runtime/backoff.ts';
import type { Runtime } from '../runtime/runtime.ts';

/** Why a projection is refreshed. */
export interface RefreshRequest {
  readonly projection: string;
  /** The newest journal offset that asked for it. */
  readonly offset: Offset;
  /** How many entries asked since the last refresh. */
  readonly requests: number;
  readonly signal: AbortSignal;
}

export type Refresh = (request: RefreshRequest) => Promise<void> | void;

export interface ProjectionParts {
  readonly name: string;
  readonly refresh: Refresh;
  readonly debounceMs: number;
  readonly timeoutMs: number;
  readonly attempts: number;
  readonly runtime: Runtime;
  /** Every request at or below the offset has been refreshed, or is a dead letter. */
  readonly done: (upTo: Offset, tookMs: number) => void;
  readonly gaveUp: (upTo: Offset, attempts: number, error: unknown) => Promise<void>;
}

export interface ProjectionReport {
  readonly running: boolean;
  readonly pending: boolean;
  readonly refreshes: number;
  readonly failures: number;
  readonly lastError: string | null;
}

/**
 * Refreshes one projection: requests within the debounce become one, never two at once, tried again with backoff.
 * What is asked for during a refresh is refreshed after it, since the one under way may have read too early.
 */
export class Projection {
  readonly #parts: ProjectionParts;
  readonly #closing = new AbortController();
  #asked: { offset: Offset; requests: number } | null = null;
  #cancelDebounce: (() => void) | null = null;
  #running: Promise<void> | null = null;
  #report = { refreshes: 0, failures: 0, lastError: null as string | null };

  constructor(parts: ProjectionParts) {
    this.#parts = parts;
  }

  get report(): ProjectionReport {
    return { ...this.#report, running: this.#running !== null, pending: this.#asked !== null };
  }

  ask(offset: Offset): void {
    this.#asked = { offset, requests: (this.#asked?.requests ?? 0) + 1 };
    // Counted from the first request, so that a stream of them cannot put the refresh off for ever.
    if (this.#running === null) this.#debounce();
  }

  /** Stops waiting and trying; what was not refreshed is asked for again after the next start. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#cancelDebounce?.();
    await this.#running;
  }

  #debounce(): void {
    if (this.#cancelDebounce || this.#closing.signal.aborted) return;
    this.#cancelDebounce = this.#parts.runtime.clock.after(this.#parts.debounceMs, () => {
      this.#cancelDebounce = null;
      this.#running = this.#run().finally(() => {
        this.#running = null;
        if (this.#asked) this.#debounce();
      });
    });
  }

  async #run(): Promise<void> {
    const { name, runtime, attempts, done, gaveUp } = this.#parts;
    const asked = this.#asked;
    this.#asked = null;
    if (!asked) return;
    const { signal } = this.#closing;
    const startedAt = runtime.clock.mono();
    let failure: unknown = null;
    for (let attempt = 0; attempt < attempts && !signal.aborted; attempt++) {
      if (attempt > 0) await runtime.clock.sleep(backoffMs(attempt - 1, runtime.random), signal);
      if (signal.aborted) return;
      try {
        await this.#once({ projection: name, ...asked });
        this.#report.refreshes++;
        this.#report.lastError = null;
        done(asked.offset, runtime.clock.mono() - startedAt);
        return;
      } catch (error) {
        failure = error;
        this.#report.failures++;
        this.#report.lastError = error instanceof Error ? error.message : String(error);
        runtime.log.warn(
          { projection: name, attempt: attempt + 1, err: error },
          'the projection could not be refreshed',
        );
      }
    }
    if (signal.aborted) return;
    await gaveUp(asked.offset, attempts, failure);
    done(asked.offset, runtime.clock.mono() - startedAt);
  }

  /**
   * One call. A call that outlives its timeout is told so by its signal and waited for all the same: a second one
   * beside it could finish first and leave the older result standing.
   */
  async #once(request: Omit<RefreshRequest, 'signal'>): Promise<void> {
    const { name, refresh, timeoutMs, runtime } = this.#parts;
    const abort = new AbortController();
    const onClose = (): void => {
      abort.abort();
    };
    this.#closing.signal.addEventListener('abort', onClose, { once: true });
    const cancel = runtime.clock.after(timeoutMs, () => {
      this.#report.lastError = `no answer within ${timeoutMs} ms; waiting for it to end`;
      abort.abort(new TidemarkError('PROJECTION_TIMEOUT', `"${name}" after ${timeoutMs} ms`));
    });
    try {
      await refresh({ ...request, signal: abort.signal });
    } finally {
      cancel();
      this.#closing.signal.removeEventListener('abort', onClose);
    }
  }
}
