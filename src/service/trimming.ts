import type { Engine } from './engine.ts';

const TRIM_EVERY_MS = 60_000;

/** Lets the journal forget what is older than its retention, now and then. */
export async function trimSteadily({ journal, config, runtime }: Engine, signal: AbortSignal): Promise<void> {
  const { clock, log } = runtime;
  while (!signal.aborted) {
    await clock.sleep(TRIM_EVERY_MS, signal);
    if (signal.aborted) return;
    try {
      await journal.trim(clock.now() - config.journal.retentionMs);
    } catch (error) {
      log.error({ err: error }, 'the journal could not be trimmed; trying again in a minute');
    }
  }
}
