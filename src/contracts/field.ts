import type { ChangeEvent, RowChange } from '../model/event.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import { parsePath, valueAt, type Step } from './path.ts';

/** Where a field of a template or a filter is looked up. */
export type Scope = 'plain' | 'before' | 'after' | 'item' | 'attribute';

export interface Field {
  readonly text: string;
  readonly scope: Scope;
  /** For `before`, `after` and `item` the first step is that word. */
  readonly steps: readonly Step[];
}

export type ParsedField = { readonly ok: true; readonly field: Field } | { readonly ok: false; readonly why: string };

const ATTRIBUTES = ['id', 'type', 'source', 'subject', 'time'] as const;

/** `item` is the loop's only inside a contract with `for_each`; elsewhere it is a field like any other. */
export function parseField(text: string, inLoop: boolean): ParsedField {
  if (text.startsWith('$')) {
    const name = text.slice(2);
    if (text.startsWith('$.') && (ATTRIBUTES as readonly string[]).includes(name))
      return { ok: true, field: { text, scope: 'attribute', steps: [name] } };
    return { ok: false, why: `after "$." stands one of ${ATTRIBUTES.join(', ')}` };
  }
  const path = parsePath(text);
  if (!path.ok) return path;
  const [head, next] = path.steps;
  const side = (head === 'before' || head === 'after') && typeof next === 'string' ? head : null;
  return {
    ok: true,
    field: { text, scope: inLoop && head === 'item' ? 'item' : (side ?? 'plain'), steps: path.steps },
  };
}

export type Reading =
  | { readonly state: 'known'; readonly value: JsonValue }
  /** The event is there and has no such field. */
  | { readonly state: 'missing'; readonly value?: undefined }
  /** The row had no such side: nothing before an insert, nothing after a delete. */
  | { readonly state: 'absent'; readonly value?: undefined }
  | { readonly state: 'unknown'; readonly value?: undefined; readonly code: string; readonly why: string };

/** One version of the changed thing: the event's data, or the row before or after the change. */
export interface Image {
  readonly event: ChangeEvent;
  /** The row before the change. */
  readonly isBefore: boolean;
}

/** An image and, in a loop, one item of it. */
export interface Frame extends Image {
  readonly item?: { readonly value: JsonValue };
}

/** What the event knows of the changed thing. A row's versions are judged one by one, so that values of two never mix. */
export function imagesOf(event: ChangeEvent): readonly Image[] {
  switch (event.row?.op) {
    case 'deleted':
      return [{ event, isBefore: true }];
    case 'updated':
      return [
        { event, isBefore: true },
        { event, isBefore: false },
      ];
    case 'created':
    case 'truncated':
    case undefined:
      return [{ event, isBefore: false }];
  }
}

export function readField(frame: Frame, field: Field): Reading {
  switch (field.scope) {
    case 'attribute':
      return readAttribute(frame.event, String(field.steps[0]));
    case 'item':
      return readItem(frame.item, field.steps);
    case 'before':
    case 'after':
      if (frame.event.row) return readSide(frame.event.row, field.scope, field.steps, 1);
      return readData(frame.event.data, field.steps);
    case 'plain':
      if (!frame.event.row) return readData(frame.event.data, field.steps);
      return readSide(frame.event.row, frame.isBefore ? 'before' : 'after', field.steps, 0);
  }
}

function readAttribute(event: ChangeEvent, name: string): Reading {
  const value = event[name as (typeof ATTRIBUTES)[number]];
  return value === undefined ? { state: 'missing' } : { state: 'known', value };
}

function readData(data: JsonValue | undefined, steps: readonly Step[], from = 0): Reading {
  const value = valueAt(data, steps, from);
  return value === undefined ? { state: 'missing' } : { state: 'known', value };
}

/** Without an item (of an empty array) nothing is there. */
function readItem(item: Frame['item'], steps: readonly Step[]): Reading {
  return readData(item?.value, steps, 1);
}

const hasSide = (row: RowChange, side: 'before' | 'after'): boolean =>
  row.op === 'updated' || row.op === (side === 'before' ? 'deleted' : 'created');

/** A column that a row does not show is unknown, never missing: a feed leaves out what it was not given. */
function readSide(row: RowChange, side: 'before' | 'after', steps: readonly Step[], from: number): Reading {
  if (row.op === 'truncated')
    return { state: 'unknown', code: 'TRUNCATED', why: 'the whole table was emptied, row by row nothing is known' };
  if (!hasSide(row, side)) return { state: 'absent' };
  const columns: JsonObject | null = row[side];
  const column = String(steps[from]);
  const known = columns !== null && Object.hasOwn(columns, column) && !row.unknown?.includes(column);
  if (known) return readData(columns, steps, from);
  if (side === 'before' && row.beforeHas !== 'full')
    return {
      state: 'unknown',
      code: 'BEFORE_UNKNOWN',
      why: `the row before the change is known by its identity only, without column "${column}"`,
    };
  return {
    state: 'unknown',
    code: 'COLUMN_UNKNOWN',
    why: `the change of ${row.relation} does not show column "${column}"`,
  };
}
