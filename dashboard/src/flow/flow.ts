import type { Entry } from '../../../src/model/entry.ts';
import type { PlannedAction } from '../../../src/model/plan.ts';
import type { LayerStatus } from '../../../src/model/status.ts';
import type { Observation } from '../../../src/operations.ts';
import { notice } from './notice.ts';

/** What the live list shows, newest first. Pure: every change gives a new flow. */
export interface Flow {
  readonly rows: readonly Row[];
  /** Rows that came while the list stood still. */
  readonly held: readonly Row[];
  readonly paused: boolean;
  /** Counted since the page was opened. */
  readonly seen: Seen;
  readonly notes: number;
  /** The newest reports of layers: they and the entries come on two streams, in either order. */
  readonly marks: readonly Mark[];
}

/** A layer has the entries from one offset to another. `at` is `null` when only that is known, not when. */
interface Mark {
  readonly layer: string;
  readonly from: number;
  readonly upTo: number;
  readonly at: number | null;
}

export interface Seen {
  readonly events: number;
  readonly actions: number;
  readonly hits: number;
  readonly misses: number;
  readonly refused: number;
}

export type Row = EventRow | NoteRow;

export interface EventRow {
  readonly kind: 'event';
  readonly key: string;
  readonly at: number;
  readonly offset: number;
  readonly source: string;
  readonly type: string;
  readonly id: string;
  readonly subject: string | null;
  readonly data: unknown;
  readonly actions: readonly PlannedAction[];
  readonly problems: Entry['plan']['problems'];
  readonly layers: readonly Applied[];
}

/** A layer has the event. `ms` since it was received; `null` when the page only learned later that it has. */
export interface Applied {
  readonly layer: string;
  readonly ms: number | null;
}

export type Tone = 'calm' | 'good' | 'warn' | 'bad';

export interface NoteRow {
  readonly kind: 'note';
  readonly key: string;
  readonly at: number;
  readonly tone: Tone;
  readonly title: string;
  readonly text: string;
}

/** The list is for watching; the journal is for looking back. 200 rows are about ten screens. */
export const ROWS_MAX = 200;

// Two streams of one daemon are at most a frame or two apart.
const MARKS_MAX = 64;

export const emptyFlow: Flow = {
  rows: [],
  held: [],
  paused: false,
  seen: { events: 0, actions: 0, hits: 0, misses: 0, refused: 0 },
  notes: 0,
  marks: [],
};

/** `fresh`: happened while the page was watching. History that is shown at the start is not counted. */
export function addEntries(flow: Flow, entries: readonly Entry[], fresh: boolean): Flow {
  const known = new Set([...flow.rows, ...flow.held].map((row) => row.key));
  const news = entries.map(eventRow).filter((row) => !known.has(row.key));
  if (news.length === 0) return flow;
  const actions = news.reduce((sum, row) => sum + row.actions.length, 0);
  const seen = fresh
    ? { ...flow.seen, events: flow.seen.events + news.length, actions: flow.seen.actions + actions }
    : flow.seen;
  const rows = fresh ? flow.marks.reduce<readonly Row[]>(markRows, news) : news;
  return push({ ...flow, seen }, rows.toReversed());
}

export function addNote(flow: Flow, note: Omit<NoteRow, 'kind' | 'key'>): Flow {
  const row: NoteRow = { kind: 'note', key: `note-${String(flow.notes)}`, ...note };
  return push({ ...flow, notes: flow.notes + 1 }, [row]);
}

export function addObservation(flow: Flow, observation: Observation): Flow {
  const counted = { ...flow, seen: countRead(flow.seen, observation.type) };
  if (observation.type === 'layer:applied') return applied(counted, observation);
  const note = notice(observation);
  return note ? addNote(counted, note) : counted;
}

/** Layers that are at or beyond a row's offset have it, also when the page missed the moment. */
export function settle(flow: Flow, layers: readonly LayerStatus[]): Flow {
  return layers.reduce(
    (now, { name, watermark }) => mark(now, { layer: name, from: 0, upTo: watermark, at: null }),
    flow,
  );
}

export function pause(flow: Flow): Flow {
  return { ...flow, paused: true };
}

export function resume(flow: Flow): Flow {
  return { ...flow, paused: false, held: [], rows: [...flow.held, ...flow.rows].slice(0, ROWS_MAX) };
}

export const clear = (flow: Flow): Flow => ({ ...flow, rows: [], held: [] });

function push(flow: Flow, newestFirst: readonly Row[]): Flow {
  const list = flow.paused ? 'held' : 'rows';
  return { ...flow, [list]: [...newestFirst, ...flow[list]].slice(0, ROWS_MAX) };
}

function eventRow(entry: Entry): EventRow {
  return {
    kind: 'event',
    key: `offset-${String(entry.offset)}`,
    at: entry.receivedAt,
    offset: entry.offset,
    source: entry.source,
    type: entry.event.type,
    id: entry.event.id,
    subject: entry.event.subject ?? null,
    data: entry.event.data,
    actions: entry.plan.actions,
    problems: entry.plan.problems,
    layers: [],
  };
}

function countRead(seen: Seen, type: Observation['type']): Seen {
  if (type === 'cache:hit') return { ...seen, hits: seen.hits + 1 };
  if (type === 'cache:miss') return { ...seen, misses: seen.misses + 1 };
  if (type === 'fill:refused') return { ...seen, refused: seen.refused + 1 };
  return seen;
}

function applied(flow: Flow, { at, fields }: Observation): Flow {
  const { layer, from, offset } = fields;
  if (typeof layer !== 'string' || typeof from !== 'number' || typeof offset !== 'number') return flow;
  const one: Mark = { layer, from, upTo: offset, at };
  return mark({ ...flow, marks: [...flow.marks, one].slice(-MARKS_MAX) }, one);
}

function mark(flow: Flow, one: Mark): Flow {
  const rows = markRows(flow.rows, one);
  const held = markRows(flow.held, one);
  return rows === flow.rows && held === flow.held ? flow : { ...flow, rows, held };
}

function markRows(rows: readonly Row[], { layer, from, upTo, at }: Mark): readonly Row[] {
  const due = (row: Row): row is EventRow => {
    if (row.kind !== 'event' || row.offset < from || row.offset > upTo) return false;
    const done = row.layers.find((one) => one.layer === layer);
    // The status may have told sooner that it is applied; the observation knows when.
    return done === undefined || (done.ms === null && at !== null);
  };
  if (!rows.some(due)) return rows;
  return rows.map((row) => {
    if (!due(row)) return row;
    const others = row.layers.filter((one) => one.layer !== layer);
    return { ...row, layers: [...others, { layer, ms: at === null ? null : Math.max(0, at - row.at) }] };
  });
}
