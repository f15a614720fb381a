import type { Entry } from '../model/entry.ts';
import type { ChangeEvent, ExplicitAction, RowChange } from '../model/event.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import type { ActionKind, PlannedAction, PlanProblem } from '../model/plan.ts';
import type { Offset, Position } from '../model/position.ts';

/**
 * How an entry is written: one JSON array, the common slots first, absent ones at the end left out. The offset is the
 * row's key and is not repeated; a row change's `data` is the row itself and is not repeated either. Names that come
 * again with every entry (source, epoch, contract and its hash) are numbers of a dictionary that the store keeps.
 *
 * The first slot is the version of this layout. A slot never changes its meaning: another layout is another number,
 * and every number that was ever released stays readable. A new slot goes to the end, and an entry without it is as before.
 */
export const CODEC_VERSION = 1;

/** Where `receivedAt` is, for SQL that looks at time alone. */
export const RECEIVED_AT_PATH = '$[5]';

/** The dictionary. `id` makes a number for a new text; both directions are total for what was encoded. */
export interface Names {
  id(text: string): number;
  text(id: number): string;
}

// Written as numbers: their order here is the format, so new kinds go to the end.
const KINDS: readonly ActionKind[] = [
  'delete_key',
  'expire_key',
  'purge_tag',
  'expire_tag',
  'purge_namespace',
  'purge_url',
  'refresh_key',
  'refresh_projection',
];
const KIND_NUMBER: Readonly<Record<ActionKind, number>> = {
  delete_key: 0,
  expire_key: 1,
  purge_tag: 2,
  expire_tag: 3,
  purge_namespace: 4,
  purge_url: 5,
  refresh_key: 6,
  refresh_projection: 7,
};

type Slots = [
  version: number,
  source: number,
  epoch: number,
  position: string | null,
  commit: 0 | 1,
  receivedAt: number,
  contractHash: number,
  id: string,
  type: string,
  data: JsonValue,
  actions: readonly ActionSlots[],
  row?: RowSlots | null,
  problems?: readonly PlanProblem[] | null,
  subject?: string | null,
  time?: string | null,
  explicit?: readonly ExplicitAction[] | null,
  xid?: string | null,
];
type ActionSlots = [
  kind: number,
  target: string,
  contract: number,
  namespace?: string | null,
  layers?: readonly string[] | null,
  widened?: 1 | null,
];
type RowSlots = [
  relation: string,
  op: RowChange['op'],
  before: JsonObject | null,
  after: JsonObject | null,
  beforeHas: RowChange['beforeHas'],
  /** 1 when `data` is the row after the change, or before it when there is none after. */
  dataIsRow: 0 | 1,
  unknown?: readonly string[],
];

/** What an entry is before the journal has given it a place. */
export type Unplaced = Omit<Entry, 'offset'>;

export function encodeEntry(entry: Unplaced, names: Names): string {
  const { event, plan } = entry;
  const { row } = event;
  const dataIsRow = row !== undefined && event.data === (row.after ?? row.before);
  const slots: Slots = [
    CODEC_VERSION,
    names.id(entry.source),
    names.id(entry.epoch),
    entry.position,
    entry.commit ? 1 : 0,
    entry.receivedAt,
    names.id(plan.contractHash),
    event.id,
    event.type,
    dataIsRow ? null : event.data,
    plan.actions.map((action) => actionSlots(action, names)),
    row ? rowSlots(row, dataIsRow) : null,
    plan.problems.length > 0 ? plan.problems : null,
    event.subject ?? null,
    event.time ?? null,
    event.explicit ?? null,
    entry.xid ?? null,
  ];
  dropTrailingNulls(slots, 11);
  return JSON.stringify(slots);
}

function actionSlots(action: PlannedAction, names: Names): ActionSlots {
  const slots: ActionSlots = [KIND_NUMBER[action.kind], action.target, names.id(action.contract)];
  if (action.namespace !== undefined || action.layers !== undefined || action.widened) {
    slots.push(action.namespace ?? null, action.layers ?? null, action.widened ? 1 : null);
    dropTrailingNulls(slots, 3);
  }
  return slots;
}

function rowSlots(row: RowChange, dataIsRow: boolean): RowSlots {
  const slots: RowSlots = [row.relation, row.op, row.before, row.after, row.beforeHas, dataIsRow ? 1 : 0];
  if (row.unknown) slots.push(row.unknown);
  return slots;
}

function dropTrailingNulls(slots: unknown[], keep: number): void {
  while (slots.length > keep && slots[slots.length - 1] === null) slots.pop();
}

/** Throws when the text is not what `encodeEntry` wrote. */
export function decodeEntry(offset: Offset, text: string, names: Names): Entry {
  return entryOf(offset, JSON.parse(text), names);
}

/** The same of text that has been parsed. */
export function entryOf(offset: Offset, parsed: unknown, names: Names): Entry {
  const slots = parsed as Slots;
  if (slots[0] !== CODEC_VERSION) throw new Error(`entry layout ${String(slots[0])} is unknown`);
  const [, source, epoch, position, commit, receivedAt, contractHash, , , , actions, , problems] = slots;
  const xid = slots[16];
  const sourceName = names.text(source);
  return {
    offset,
    source: sourceName,
    epoch: names.text(epoch),
    position: position as Position | null,
    commit: commit === 1,
    event: eventOf(slots, sourceName),
    plan: {
      contractHash: names.text(contractHash),
      actions: actions.map((action) => actionOf(action, names)),
      problems: problems ?? [],
    },
    receivedAt,
    ...(xid != null && { xid }),
  };
}

function eventOf(slots: Slots, source: string): ChangeEvent {
  const [, , , , , , , id, type, data, , row, , subject, time, explicit] = slots;
  // Most events end with their data; building those without spreads saves a quarter of the decoding.
  if (slots.length <= 11) return { id, type, source, data };
  return {
    id,
    type,
    source,
    ...(subject != null && { subject }),
    ...(time != null && { time }),
    data: row?.[5] === 1 ? (row[3] ?? row[2]) : data,
    ...(row && { row: rowOf(row) }),
    ...(explicit && { explicit }),
  };
}

function rowOf([relation, op, before, after, beforeHas, , unknown]: RowSlots): RowChange {
  return { relation, op, before, after, beforeHas, ...(unknown && { unknown }) };
}

function actionOf(slots: ActionSlots, names: Names): PlannedAction {
  const [number, target, contract, namespace, layers, widened] = slots;
  const kind = KINDS[number];
  if (!kind) throw new Error(`action ${String(number)} is unknown`);
  if (slots.length === 3) return { kind, target, contract: names.text(contract) };
  return {
    kind,
    target,
    contract: names.text(contract),
    ...(namespace != null && { namespace }),
    ...(layers && { layers }),
    ...(widened && { widened: true as const }),
  };
}
