import type { Journal } from '../journal/journal.ts';
import type { Appended } from '../model/entry.ts';
import type { Batch, ChangeEvent } from '../model/event.ts';
import type { Plan } from '../model/plan.ts';
import type { Offset } from '../model/position.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { isControl } from './control.ts';

export interface ReplayParts {
  readonly journal: Journal;
  readonly runtime: Runtime;
  readonly accept: (batch: Batch) => Promise<Appended>;
  /** Contracts of today. */
  readonly plan: (event: ChangeEvent) => Plan;
  /** Whether an event's type is one of those asked for. */
  readonly wanted: (type: string) => boolean;
}

export interface ReplayRange {
  readonly from: Offset;
  readonly to: Offset;
  readonly dryRun: boolean;
  /** Most events a second. */
  readonly rate: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ReplayProgress) => void;
}

export interface ReplayProgress {
  readonly scanned: number;
  readonly matched: number;
  readonly replayed: number;
  readonly actions: Readonly<Record<string, number>>;
  readonly cancelled: boolean;
}

const PAGE = 500;

/** Marks the id of a replayed event, so that replaying a range that holds replays does not multiply them. */
const MARK = '~replay~';

/**
 * Plans old events again with today's contracts and appends them as new entries, at a pace. What it invalidates is
 * invalidated from the new offset on, so a replay can only cost misses, never bring back an old value.
 */
export async function replay(parts: ReplayParts, range: ReplayRange): Promise<ReplayProgress> {
  const { journal, runtime, accept, plan, wanted } = parts;
  const run = runtime.random.id();
  const actions: Record<string, number> = {};
  let progress: ReplayProgress = { scanned: 0, matched: 0, replayed: 0, actions, cancelled: false };
  let after = (range.from - 1) as Offset;
  while (after < range.to && !range.signal.aborted) {
    const page = (await journal.read(after, PAGE)).filter((entry) => entry.offset <= range.to);
    const last = page.at(-1);
    if (!last) break;
    after = last.offset;
    const chosen = page.filter(({ event }) => !isControl(event) && !event.id.includes(MARK) && wanted(event.type));
    for (const { event } of chosen) {
      for (const action of plan(event).actions) actions[action.kind] = (actions[action.kind] ?? 0) + 1;
    }
    const matched = progress.matched + chosen.length;
    progress = { ...progress, scanned: progress.scanned + page.length, matched, actions: { ...actions } };
    if (!range.dryRun) {
      for (const entry of chosen) {
        if (range.signal.aborted) break;
        const event = { ...entry.event, id: `${entry.event.id}${MARK}${run}-${entry.offset}` };
        const now = runtime.clock.now();
        await accept({
          source: entry.source,
          epoch: '',
          position: null,
          first: 0,
          commit: true,
          events: [event],
          receivedAt: now,
        });
        progress = { ...progress, replayed: progress.replayed + 1 };
        if (progress.replayed % PACE_EVERY === 0)
          await runtime.clock.sleep((1_000 * PACE_EVERY) / range.rate, range.signal);
      }
    }
    range.onProgress(progress);
  }
  return { ...progress, cancelled: range.signal.aborted };
}

/** Events between two pauses: timers are no finer than a millisecond. */
const PACE_EVERY = 20;
