import type { Contract, ContractAction, ContractSet } from './contract.ts';
import type { Condition } from './condition.ts';
import { parseField, type Field } from './field.ts';
import { hashText } from './hash.ts';
import { parseTemplate, type Template } from './template.ts';
import { TriggerIndex } from './trigger-index.ts';

/** What planning needs of a set, made once. */
export interface Compiled {
  readonly index: TriggerIndex<CompiledContract>;
  readonly contracts: readonly CompiledContract[];
}

export interface CompiledContract {
  readonly order: number;
  readonly source: string | undefined;
  readonly contract: Contract;
  readonly when: Condition | null;
  readonly loop: { readonly field: Field; readonly optional: boolean; readonly limit: number } | null;
  readonly actions: readonly CompiledAction[];
}

export interface CompiledAction {
  readonly action: ContractAction;
  readonly template: Template;
  /** Reads the item of the loop: planned once for each; the others once for the event. */
  readonly perItem: boolean;
}

/**
 * Names become unique here, because plans, dead letters and explanations speak of contracts by name.
 * Order matters for the order of actions only, so it is not part of the hash; neither are names.
 */
export function compileContracts(contracts: readonly Contract[]): ContractSet {
  const named = withUniqueNames(contracts);
  const set: ContractSet = { hash: hashText(JSON.stringify(named.map(meaning).sort())), contracts: named };
  compiledSets.set(set, build(set));
  return set;
}

const compiledSets = new WeakMap<ContractSet, Compiled>();

/** The index of a set; made on first use when the set did not come from `compileContracts`. */
export function compiled(set: ContractSet): Compiled {
  let known = compiledSets.get(set);
  if (!known) {
    known = build(set);
    compiledSets.set(set, known);
  }
  return known;
}

function build(set: ContractSet): Compiled {
  const index = new TriggerIndex<CompiledContract>();
  const contracts = set.contracts.map(compileOne);
  for (const one of contracts) for (const trigger of one.contract.triggers) index.add(trigger, one);
  return { index, contracts };
}

function compileOne(contract: Contract, order: number): CompiledContract {
  const inLoop = contract.forEach !== undefined;
  return {
    order,
    source: contract.source,
    contract,
    when: contract.when ?? null,
    loop: contract.forEach ? compileLoop(contract.forEach.path, contract.forEach.limit) : null,
    actions: contract.actions.map((action) => {
      const parsed = parseTemplate(action.template, inLoop);
      if (!parsed.ok)
        throw new TypeError(`${contract.name}: ${parsed.mistakes.map((mistake) => mistake.what).join('; ')}`);
      const { template } = parsed;
      return {
        action,
        template,
        perItem: template.parts.some((part) => typeof part !== 'string' && part.field.scope === 'item'),
      };
    }),
  };
}

function compileLoop(path: string, limit: number): CompiledContract['loop'] {
  const optional = path.endsWith('?');
  const parsed = parseField(optional ? path.slice(0, -1) : path, false);
  if (!parsed.ok) throw new TypeError(`for_each: ${parsed.why}`);
  return { field: parsed.field, optional, limit };
}

function withUniqueNames(contracts: readonly Contract[]): readonly Contract[] {
  const taken = new Set(contracts.map((contract) => contract.name));
  const seen = new Set<string>();
  return contracts.map((contract) => {
    let { name } = contract;
    for (let n = 2; seen.has(name); n++) {
      const next = `${contract.name}#${String(n)}`;
      name = taken.has(next) ? name : next;
    }
    seen.add(name);
    return { ...contract, name };
  });
}

function meaning({ triggers, source, when, forEach, actions }: Contract): string {
  return JSON.stringify([
    [...triggers].sort(),
    source ?? null,
    when ?? null,
    forEach ? [forEach.path, forEach.limit] : null,
    actions.map(({ kind, template, namespace, layers }) => [
      kind,
      template,
      namespace ?? null,
      layers ? [...layers].sort() : null,
    ]),
  ]);
}
