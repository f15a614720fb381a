import type { Config } from '../config/config.ts';
import { compiled, type CompiledContract } from '../contracts/compile.ts';
import type { Condition } from '../contracts/condition.ts';
import type { Field } from '../contracts/field.ts';
import { isPattern } from '../contracts/pattern.ts';
import type { Step } from '../contracts/path.ts';
import type { JsonValue } from '../model/json.ts';
import type { Announcement, Channel } from './domain.ts';
import { Draw } from './draw.ts';

/** What changes: `product` of `product.updated`. */
export interface Entity {
  readonly name: string;
  readonly contracts: readonly CompiledContract[];
  /** Whether a change feed follows it: then it changes in each of the ways a row can. */
  readonly isTable: boolean;
  readonly channel: Channel;
  readonly types: readonly string[];
  readonly fields: readonly FieldValues[];
}

interface FieldValues {
  readonly steps: readonly Step[];
  readonly values: readonly JsonValue[];
}

/** Rows of an entity, and values of a field that no filter looks at: few, so that readers and writers meet. */
const ROWS = 3;
const VALUES = [1, 2, 3];

type Row = Record<string, JsonValue>;

/** The entities that contracts speak of, and rows of them. */
export class Entities {
  readonly #all: readonly Entity[];
  readonly #provers: ReadonlySet<string>;
  readonly #rows = new Map<string, (Row | null)[]>();

  constructor(config: Config, seed: number) {
    const tables = tablesOf(config);
    this.#provers = new Set(
      [...config.sources].filter(([, { options }]) => followsTables(options)).map(([name]) => name),
    );
    const names = new Map<string, CompiledContract[]>();
    for (const contract of compiled(config.contracts).contracts)
      for (const name of new Set(contract.contract.triggers.map(entityOf)))
        names.set(name, [...(names.get(name) ?? []), contract]);
    this.#all = Array.from(names, ([name, contracts]) => entity(name, contracts, tables.has(name)));
    const draw = new Draw(seed, 'rows');
    for (const one of this.#all)
      this.#rows.set(
        one.name,
        Array.from({ length: ROWS }, (_, i) => rowOf(one, i, draw)),
      );
  }

  has(name: string): boolean {
    return this.#rows.has(name);
  }

  pick(draw: Draw): Entity | undefined {
    return draw.pick(this.#all);
  }

  /** Whether any source of the configuration can prove freshness. */
  get canProve(): boolean {
    return this.#provers.size > 0;
  }

  /** What a source of the configuration is in the simulation. */
  simulated(source: string): 'feed' | 'app' {
    return this.#provers.has(source) ? 'feed' : 'app';
  }

  /** The next change of one of its rows; `keep` makes it the row's state. */
  change(one: Entity, draw: Draw, keep: boolean): Announcement {
    const rows = this.#rows.get(one.name) ?? [];
    const place = draw.below(ROWS);
    const after = rowOf(one, place, draw);
    if (!one.isTable) return { type: draw.pick(one.types) ?? one.name, data: after, subject: `${place + 1}` };
    const before = rows[place] ?? null;
    const isDeleted = before !== null && draw.chance(0.2);
    if (keep) rows[place] = isDeleted ? null : after;
    const op = before === null ? 'created' : isDeleted ? 'deleted' : 'updated';
    return {
      type: `${one.name}.${op}`,
      data: isDeleted ? before : after,
      row: {
        relation: one.name,
        op,
        before,
        after: isDeleted ? null : after,
        beforeHas: before === null ? 'none' : 'full',
      },
    };
  }
}

function entity(name: string, contracts: readonly CompiledContract[], isTable: boolean): Entity {
  const triggers = contracts
    .flatMap(({ contract }) => contract.triggers)
    .filter((trigger) => entityOf(trigger) === name);
  const types = triggers.map((trigger) => (isPattern(trigger) ? trigger.replaceAll('*', 'changed') : trigger));
  const values = new Map<string, FieldValues>();
  for (const { field, values: asked } of contracts.flatMap((contract) => [...fieldsOf(contract)])) {
    if (field.scope === 'attribute') continue;
    const steps = field.scope === 'before' || field.scope === 'after' ? field.steps.slice(1) : field.steps;
    const id = steps.join('.');
    const known = values.get(id)?.values ?? [];
    values.set(id, { steps, values: [...known, ...asked] });
  }
  const fields = [...values.values()].map(({ steps, values: asked }) => ({
    steps,
    values: asked.length > 0 ? asked : VALUES,
  }));
  return { name, contracts, isTable, channel: isTable ? 'feed' : 'app', types, fields };
}

/** A row with a value for each field. What names the row stays: a primary key does not change. */
function rowOf({ name, fields }: Entity, place: number, draw: Draw): Row {
  const row: Row = {};
  for (const { steps, values } of fields) {
    const isKey = steps.length === 1 && (steps[0] === 'id' || steps[0] === `${name}_id`);
    set(row, steps, isKey ? place + 1 : (draw.pick(values) ?? 1));
  }
  return row;
}

function set(row: Row, steps: readonly Step[], value: JsonValue): void {
  let at: Record<Step, JsonValue> = row;
  for (const [i, step] of steps.entries()) {
    if (i === steps.length - 1) {
      // An array that a loop goes over may have been filled through its items already.
      if (typeof at[step] !== 'object') at[step] = value;
      return;
    }
    const next = at[step];
    const inner = typeof next === 'object' && next !== null ? next : typeof steps[i + 1] === 'number' ? [] : {};
    at[step] = inner;
    at = inner as Record<Step, JsonValue>;
  }
}

interface Asked {
  readonly field: Field;
  readonly values: readonly JsonValue[];
}

/** Fields that a contract reads; those of a loop's item stand in each item of its array. */
function* fieldsOf({ when, loop, actions }: CompiledContract): Generator<Asked> {
  const inItem = (field: Field): Field =>
    loop && field.scope === 'item'
      ? { ...loop.field, steps: [...loop.field.steps, 0, ...field.steps.slice(1)] }
      : field;
  for (const { template } of actions)
    for (const part of template.parts) if (typeof part !== 'string') yield { field: inItem(part.field), values: [] };
  if (when) for (const { field, values } of asked(when)) yield { field: inItem(field), values };
}

function* asked(condition: Condition): Generator<Asked> {
  if (condition.kind === 'not') yield* asked(condition.of);
  else if (condition.kind !== 'test') for (const one of condition.of) yield* asked(one);
  else {
    const { field, test } = condition;
    if (test.op === 'in') yield { field, values: [...test.values, 'something else'] };
    else if (test.op === 'exists' || test.op === 'changed') yield { field, values: [] };
    else yield { field, values: [test.value, typeof test.value === 'number' ? test.value + 1 : `${test.value}x`] };
  }
}

function entityOf(trigger: string): string {
  const dot = trigger.lastIndexOf('.');
  return dot < 0 ? trigger : trigger.slice(0, dot);
}

function followsTables(options: unknown): boolean {
  return (options as { readonly tables?: unknown } | null)?.tables instanceof Map;
}

/** By convention the options of a source that follows tables have `tables`, from a table's name to its entity. */
function tablesOf({ sources }: Config): ReadonlySet<string> {
  const entities = new Set<string>();
  for (const { options } of sources.values()) {
    const { tables } = (options ?? {}) as { readonly tables?: unknown };
    if (tables instanceof Map) for (const name of (tables as ReadonlyMap<string, string>).values()) entities.add(name);
  }
  return entities;
}
