import type { Journal } from '../journal/journal.ts';
import type { Millis, Offset } from '../model/position.ts';
import type { Engine } from './engine.ts';

const TRIM_EVERY_MS = 60_000;

/** Lets the journal forget what is older than its retention, now and then. */
export async function trimSteadily(engine: Engine, signal: AbortSignal): Promise<void> {
  const { config, runtime, journal, memory } = engine;
  const { clock, log } = runtime;
  while (!signal.aborted) {
    await clock.sleep(TRIM_EVERY_MS, signal);
    if (signal.aborted) return;
    try {
      await trimSettled(journal, memory.store.watermark, clock.now() - config.journal.retentionMs);
    } catch (error) {
      log.error({ err: error }, 'the journal could not be trimmed; trying again in a minute');
    }
  }
}

/**
 * Nothing that is not settled here yet is forgotten, however old. Of a transaction that is open the first parts would be gone: whoever
 * has not read them ends everything, and stores again what they ended, as it was; the last part ends only its own (SPEC I1).
 */
export async function trimSettled(journal: Journal, settled: Offset, olderThan: Millis): Promise<void> {
  const [next] = await journal.read(settled, 1);
  await journal.trim(Math.min(olderThan, next?.receivedAt ?? Infinity));
}
