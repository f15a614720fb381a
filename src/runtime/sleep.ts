import type { Clock } from './runtime.ts';

/** `Clock.sleep` over the same clock's `after`: resolves after `ms`, or at once when the signal aborts. */
export function sleepOver(after: Clock['after'], ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const wake = (): void => {
      cancel();
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const cancel = after(ms, wake);
    signal?.addEventListener('abort', wake, { once: true });
  });
}
