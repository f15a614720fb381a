import type { Entry } from '../model/entry.ts';
import { parseDuration } from '../runtime/options.ts';
import type { Daemon } from '../remote/daemon.ts';
import { UsageError } from './exit.ts';

/** A place in the journal as people name it: an offset, an age (`2h`), or a time. */
export type Moment = { readonly offset: number } | { readonly at: number };

export function parseMoment(text: string, option: string, now: number): Moment {
  const offset = Number(text.replace(/^#/, ''));
  if (/^#?\d+$/.test(text) && Number.isSafeInteger(offset)) return { offset };
  const age = parseDuration(text);
  if (age !== null) return { at: now - age };
  // Only forms that mean the same on every machine; Date.parse alone takes nearly anything.
  const at = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/.test(text)
    ? Date.parse(text)
    : NaN;
  if (Number.isNaN(at)) {
    throw new UsageError(
      `${option} ${text} is no place in the journal`,
      'give an offset (1200), an age (2h) or a time (2026-07-01T10:00:00Z)',
    );
  }
  return { at };
}

interface JournalPage {
  readonly entries: readonly Entry[];
  readonly head: number;
  readonly first: number;
}

/**
 * The first offset received at or after a time; `head + 1` when there is none. Halves the journal, so a journal of ten
 * million entries costs 24 requests. Receiving times rise with offsets, except where the wall clock was set back.
 */
export async function offsetAt(daemon: Daemon, at: number): Promise<number> {
  const page = (after: number): Promise<JournalPage> =>
    daemon.request<JournalPage>('GET', `/v1/journal?after=${String(after)}&limit=1`);
  const { head, first } = await page(0);
  let low = first;
  let high = head + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const entry = (await page(middle - 1)).entries[0];
    if (entry && entry.receivedAt < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
