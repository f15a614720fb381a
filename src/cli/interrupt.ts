import { EXIT } from './exit.ts';
import type { Shell } from './shell.ts';

/**
 * Runs work that Ctrl-C (or SIGTERM) asks to end through the signal it gets; a second one ends the process at once,
 * for work that does not listen.
 */
export async function untilInterrupted<T>(shell: Shell, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) shell.exitNow(EXIT.findings);
    controller.abort();
  };
  const stop = [shell.onSignal('SIGINT', interrupt), shell.onSignal('SIGTERM', interrupt)];
  try {
    return await work(controller.signal);
  } finally {
    for (const off of stop) off();
  }
}
