import type { Epoch, Resume } from '../model/position.ts';
import type { SimulatedClock } from '../runtime/simulated-time.ts';
import { visibilityBarrier, type Queries } from '../sources/postgres/barrier.ts';
import { continuity, type Continuity } from '../sources/postgres/continuity.ts';
import { formatEpoch } from '../sources/postgres/epoch.ts';
import { toPosition } from '../sources/postgres/lsn.ts';
import type { SourceItem } from '../sources/source.ts';
import type { Database } from './database.ts';
import type { Link } from './link.ts';
import type { Sabotage } from './sabotage.ts';

const SYSTEM = '7000000000000000000';
const COVERAGE = 'c0';

/** What a server can tell of the epoch of its feed. */
export function historyOf({ timeline }: Database): Epoch {
  return `${SYSTEM}:${timeline}`;
}

export type Gap = Extract<SourceItem, { kind: 'gap' }>;

export interface FeedStarted {
  readonly epoch: Epoch;
  readonly timeline: number;
  /** Where the stream begins in the log. */
  readonly from: number;
  readonly gap: Gap | null;
}

export interface FeedStartOptions {
  readonly clock: SimulatedClock;
  readonly database: Database;
  readonly signal: AbortSignal;
  readonly sabotages: ReadonlySet<Sabotage>;
}

/** Finds out whether the simulated database can go on where the journal ends, as the PostgreSQL source decides it. */
export async function startFeed(link: Link, after: Resume | null, options: FeedStartOptions): Promise<FeedStarted> {
  const { database, sabotages, clock, signal } = options;
  const { timeline, head, slot } = await link.call(() => ({
    timeline: database.timeline,
    head: database.head,
    slot: database.slot && { ...database.slot },
  }));
  const now = { systemId: SYSTEM, timeline: String(timeline), coverage: COVERAGE };
  const decided = continuity({
    after,
    now,
    head: BigInt(head),
    slot: slot && { state: slot.state, confirmed: BigInt(slot.confirmed), activePid: null, reason: null },
    publicationIsNew: false,
    skip: null,
  });
  const from = decided.from === null ? await newSlot(link, database) : Number(decided.from);
  const epoch = formatEpoch({ ...now, rewound: decided.rewound });
  if (decided.kind === 'unbroken') return { epoch, timeline, from, gap: null };
  if (!sabotages.has('barrier-skipped'))
    await visibilityBarrier(queries(link, database), { clock, signal, waiting: () => undefined });
  const swallowed = sabotages.has('gap-swallowed') && after !== null;
  return { epoch, timeline, from, gap: swallowed ? null : gapOf(decided, epoch, from) };
}

function gapOf({ code, reason }: Extract<Continuity, { kind: 'broken' }>, epoch: Epoch, from: number): Gap {
  return { kind: 'gap', code, reason, resume: { epoch, position: toPosition(BigInt(from)) } };
}

function newSlot(link: Link, database: Database): Promise<number> {
  return link.call(() => {
    database.slot = { confirmed: database.head, state: 'usable' };
    return database.head;
  });
}

/** As much SQL as the barrier speaks. */
function queries(link: Link, database: Database): Queries {
  const answer = (text: string): Promise<unknown> =>
    link.call(() => {
      if (!text.includes('pg_current_xact_id')) return { snapshot: database.snapshot() };
      database.end(database.begin());
      return {};
    });
  return {
    row: async <T>(text: string) => (await answer(text)) as T,
    rows: async <T>(text: string) => [(await answer(text)) as T],
  };
}
