// Contracts as text, events and rows in a few words, and what is planned as lines.
import { compileContracts } from '../../src/contracts/compile.ts';
import type { ContractSet } from '../../src/contracts/contract.ts';
import { parseContracts } from '../../src/contracts/parse.ts';
import { plan } from '../../src/contracts/plan.ts';
import type { ChangeEvent, RowChange } from '../../src/model/event.ts';
import type { JsonObject, JsonValue } from '../../src/model/json.ts';

export function contracts(yaml: string): ContractSet {
  const { contracts: parsed, findings } = parseContracts(yaml, 'test.yaml');
  const mistakes = findings.filter((finding) => finding.severity === 'error');
  if (mistakes.length > 0) throw new Error(JSON.stringify(mistakes));
  return compileContracts(parsed);
}

export const event = (type: string, data: JsonValue, rest: Partial<ChangeEvent> = {}): ChangeEvent => ({
  id: '1',
  type,
  source: 'app',
  data,
  ...rest,
});

export function row(
  op: RowChange['op'],
  before: JsonObject | null,
  after: JsonObject | null,
  rest: Partial<RowChange> = {},
): ChangeEvent {
  const change: RowChange = {
    relation: 'public.products',
    op,
    before,
    after,
    beforeHas: before ? 'full' : 'none',
    ...rest,
  };
  return event(`product.${op}`, after ?? before ?? {}, { source: 'db', row: change });
}

/** `kind:target`, with what narrows it, and `!` when widened. */
export function actionsOf(set: ContractSet, of: ChangeEvent): string[] {
  return plan(set, of).actions.map(
    ({ kind, target, namespace, layers, widened }) =>
      `${kind} ${target}${namespace ? ` in ${namespace}` : ''}${layers ? ` on ${layers.join()}` : ''}${widened ? ' !' : ''}`,
  );
}
export const problemsOf = (set: ContractSet, of: ChangeEvent): string[] =>
  plan(set, of).problems.map(({ code }) => code);

/** A contract for products. */
export const one = (body: string): ContractSet => contracts(`event_invalidation:\n  trigger: product.*\n${body}`);
