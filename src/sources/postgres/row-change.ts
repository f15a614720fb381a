import type { RowChange } from '../../model/event.ts';
import type { JsonObject, JsonValue } from '../../model/json.ts';
import type { DeleteMessage, InsertMessage, OldTuple, Tuple, UpdateMessage } from './pgoutput.ts';
import type { Column, Relation } from './relation.ts';

export function rowChange(relation: Relation, message: InsertMessage | UpdateMessage | DeleteMessage): RowChange {
  const base = { relation: relation.name, before: null, after: null, beforeHas: 'none' } as const;
  switch (message.kind) {
    case 'insert':
      return { ...base, op: 'created', after: row(relation.columns, message.after) };
    case 'delete':
      return { ...base, op: 'deleted', ...old(relation, message.before) };
    case 'update':
      return { ...base, op: 'updated', ...updated(relation, message) };
  }
}

type Sides = Pick<RowChange, 'before' | 'after' | 'beforeHas' | 'unknown'>;

function updated(relation: Relation, { before, after }: UpdateMessage): Sides {
  const fields =
    before?.has === 'full' ? after.map((field, i) => (field === undefined ? before.tuple[i] : field)) : after;
  const unknown = relation.columns.filter((_, i) => fields[i] === undefined).map((column) => column.name);
  return {
    after: row(relation.columns, fields),
    ...(before ? old(relation, before) : sameIdentity(relation, fields)),
    ...(unknown.length > 0 && { unknown }),
  };
}

function old(relation: Relation, { has, tuple }: OldTuple): Pick<RowChange, 'before' | 'beforeHas'> {
  // A key tuple has a place for every column, and a null in those that it says nothing about.
  return { before: row(relation.columns, tuple, has === 'key'), beforeHas: has };
}

/** No old row was sent, because its identity did not change: so the identity columns are known all the same. */
function sameIdentity(relation: Relation, after: Tuple): Pick<RowChange, 'before' | 'beforeHas'> {
  const before = row(relation.columns, after, true);
  return Object.keys(before).length > 0 ? { before, beforeHas: 'key' } : { before: null, beforeHas: 'none' };
}

function row(columns: readonly Column[], tuple: Tuple, keyOnly = false): JsonObject {
  // Without a prototype a column of any name is a column, `__proto__` too.
  const values = Object.create(null) as Record<string, JsonValue>;
  for (const [i, column] of columns.entries()) {
    const field = tuple[i];
    if (field === undefined || (keyOnly && !column.key)) continue;
    values[column.name] = field === null ? null : column.decode(field);
  }
  return values;
}
