import { compiled, type CompiledContract } from './compile.ts';
import type { Condition } from './condition.ts';
import type { ContractSet } from './contract.ts';
import type { Field } from './field.ts';
import { isPattern } from './pattern.ts';

/** Stands for every entity in the result of `columnsRead`. */
export const ANY_ENTITY = '*';

/**
 * Per entity (`product` of `product.updated`) the columns that templates, filters and loops read, so that a source can
 * check that its before-images hold them. `product.*` counts for `product`, any other pattern for `ANY_ENTITY`.
 */
export function columnsRead(set: ContractSet): Map<string, Set<string>> {
  const columns = new Map<string, Set<string>>();
  for (const contract of compiled(set).contracts) {
    const names = [...fieldsOf(contract)].flatMap(columnOf);
    for (const trigger of contract.contract.triggers) {
      const entity = entityOf(trigger);
      const known = columns.get(entity) ?? new Set<string>();
      for (const name of names) known.add(name);
      columns.set(entity, known);
    }
  }
  return columns;
}

function entityOf(trigger: string): string {
  const entity = trigger.replace(/\.[^.]*$/, '');
  return isPattern(entity) ? ANY_ENTITY : entity;
}

function* fieldsOf({ when, loop, actions }: CompiledContract): Generator<Field> {
  for (const { template } of actions) for (const part of template.parts) if (typeof part !== 'string') yield part.field;
  if (loop) yield loop.field;
  if (when) yield* fieldsIn(when);
}

function* fieldsIn(condition: Condition): Generator<Field> {
  if (condition.kind === 'test') yield condition.field;
  else if (condition.kind === 'not') yield* fieldsIn(condition.of);
  else for (const one of condition.of) yield* fieldsIn(one);
}

function columnOf({ scope, steps }: Field): string[] {
  if (scope === 'attribute' || scope === 'item') return [];
  return [String(steps[scope === 'plain' ? 0 : 1])];
}
