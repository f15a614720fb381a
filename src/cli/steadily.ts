import { TidemarkError } from '../errors.ts';
import { backoffMs } from '../runtime/backoff.ts';
import type { StreamEvent } from '../remote/daemon.ts';
import { DaemonRefusal } from '../remote/refusal.ts';
import type { Shell } from './shell.ts';

/** A stream that is opened again when it breaks, once it has been open at all: before that the address may be wrong. */
export async function* steadily(
  open: () => AsyncIterable<StreamEvent>,
  { clock, random }: Pick<Shell, 'clock' | 'random'>,
  signal: AbortSignal,
  onBreak: () => void,
): AsyncGenerator<StreamEvent> {
  let attempt = 0;
  let connected = false;
  while (true) {
    try {
      for await (const event of open()) {
        connected = true;
        attempt = 0;
        yield event;
      }
    } catch (error) {
      if (!passes(error, connected)) throw error;
    }
    connected = true;
    if (signal.aborted) return;
    if (attempt === 0) onBreak();
    await clock.sleep(backoffMs(attempt++, random), signal);
  }
}

function passes(error: unknown, connected: boolean): boolean {
  if (error instanceof DaemonRefusal) return error.status >= 500;
  if (!(error instanceof TidemarkError)) return false;
  return error.code === 'DAEMON_HUNG_UP' || (connected && error.code === 'DAEMON_UNREACHABLE');
}
