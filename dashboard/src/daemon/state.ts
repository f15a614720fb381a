import type { Status } from '../../../src/model/status.ts';
import type { Entry } from '../../../src/model/entry.ts';
import type { Observation } from '../../../src/operations.ts';
import {
  addEntries,
  addNote,
  addObservation,
  clear,
  emptyFlow,
  pause,
  resume,
  settle,
  type Flow,
} from '../flow/flow.ts';
import { clockSeconds, span } from '../words.ts';

/** Everything the page shows. Changed by `reduce` alone. */
export interface State {
  readonly connection: Connection;
  readonly status: Status | null;
  readonly flow: Flow;
  /** Events a second over the last polls of the status. */
  readonly rate: number;
  readonly samples: readonly Sample[];
}

export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** `status` is then the last one heard, and must not look like now. */
  | { readonly kind: 'gone'; readonly since: number; readonly why: string }
  /** The daemon asks for its admin token. */
  | { readonly kind: 'locked'; readonly refused: boolean };

interface Sample {
  readonly at: number;
  readonly events: number;
}

export type Message =
  | { readonly kind: 'status'; readonly status: Status; readonly now: number }
  | { readonly kind: 'gone'; readonly now: number; readonly why: string }
  | { readonly kind: 'locked'; readonly refused: boolean }
  | { readonly kind: 'entries'; readonly entries: readonly Entry[]; readonly fresh: boolean }
  | { readonly kind: 'observations'; readonly observations: readonly Observation[] }
  | { readonly kind: 'skipped'; readonly now: number; readonly count: number }
  | { readonly kind: 'pause' | 'resume' | 'clear' };

// Long enough to be calm, short enough to see a burst end.
const RATE_WINDOW_MS = 10_000;

export const firstState: State = {
  connection: { kind: 'connecting' },
  status: null,
  flow: emptyFlow,
  rate: 0,
  samples: [],
};

export function reduce(state: State, message: Message): State {
  switch (message.kind) {
    case 'status':
      return heard(state, message.status, message.now);
    case 'gone':
      return lost(state, message.now, message.why);
    case 'locked':
      return { ...state, connection: { kind: 'locked', refused: message.refused } };
    case 'entries': {
      const flow = addEntries(state.flow, message.entries, message.fresh);
      return { ...state, flow: settle(flow, message.fresh ? [] : (state.status?.layers ?? [])) };
    }
    case 'observations':
      return { ...state, flow: message.observations.reduce(addObservation, state.flow) };
    case 'skipped': {
      const text = `${String(message.count)} entries are in the journal and not in this list`;
      return { ...state, flow: addNote(state.flow, { at: message.now, tone: 'warn', title: 'skipped ahead', text }) };
    }
    case 'pause':
      return { ...state, flow: pause(state.flow) };
    case 'resume':
      return { ...state, flow: resume(state.flow) };
    case 'clear':
      return { ...state, flow: clear(state.flow) };
  }
}

function heard(state: State, status: Status, now: number): State {
  const restarted = state.status !== null && state.status.startedAt !== status.startedAt;
  const samples = nextSamples(restarted ? [] : state.samples, status, now);
  let flow = settle(state.flow, status.layers);
  if (state.connection.kind === 'gone') {
    const { since } = state.connection;
    const text = `after ${span(now - since)}${restarted ? ', restarted' : ''}`;
    flow = addNote(flow, { at: now, tone: 'good', title: 'daemon is back', text });
  } else if (restarted) {
    flow = addNote(flow, {
      at: now,
      tone: 'warn',
      title: 'daemon restarted',
      text: `at ${clockSeconds(status.startedAt)}`,
    });
  }
  return { connection: { kind: 'live' }, status, flow, samples, rate: rateOf(samples) };
}

function lost(state: State, now: number, why: string): State {
  if (state.connection.kind === 'gone') return { ...state, connection: { ...state.connection, why } };
  const note = { at: now, tone: 'bad', title: 'daemon gone', text: why } as const;
  return {
    ...state,
    connection: { kind: 'gone', since: now, why },
    flow: state.status === null ? state.flow : addNote(state.flow, note),
    rate: 0,
    samples: [],
  };
}

function nextSamples(samples: readonly Sample[], status: Status, now: number): readonly Sample[] {
  const events = status.sources.reduce((sum, source) => sum + source.events, 0);
  return [...samples.filter((sample) => now - sample.at <= RATE_WINDOW_MS), { at: now, events }];
}

function rateOf(samples: readonly Sample[]): number {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || last.at === first.at) return 0;
  return Math.max(0, ((last.events - first.events) * 1_000) / (last.at - first.at));
}
