import type { ChangeEvent } from '../model/event.ts';
import type { ActionKind } from '../model/plan.ts';
import { compiled } from './compile.ts';
import type { Contract, ContractAction, ContractSet } from './contract.ts';
import { judgeContract } from './plan.ts';
import { couldGive } from './template.ts';

export interface Match {
  readonly contract: Contract;
  /** Whether its filter let the event through. */
  readonly applies: boolean;
  /** What came of it, in words. */
  readonly note: string;
}

/** The contracts that an event triggers, and what came of each. */
export function matching(set: ContractSet, event: ChangeEvent): readonly Match[] {
  if (event.explicit) return [];
  return compiled(set)
    .index.find(event.type, event.source)
    .map((one) => {
      const { verdict, actions, problems } = judgeContract(one, event);
      return { contract: one.contract, applies: verdict !== 'no', note: note(verdict, actions, problems) };
    });
}

function note(verdict: string, actions: number, problems: number): string {
  if (verdict === 'no') return 'filter did not match';
  const parts = [count(actions, 'action')];
  if (problems > 0) parts.push(`${count(problems, 'problem')}: widened`);
  if (verdict === 'unknown') parts.push('the filter cannot be told from this event, which counts as a match');
  return parts.join('; ');
}

const count = (n: number, noun: string): string => `${String(n)} ${noun}${n === 1 ? '' : 's'}`;

export interface TemplateMatch {
  readonly contract: Contract;
  readonly action: ContractAction;
}

const TARGETED: ReadonlySet<ActionKind> = new Set<ActionKind>([
  'delete_key',
  'expire_key',
  'refresh_key',
  'purge_tag',
  'expire_tag',
  'purge_url',
]);

/** Contracts with a template that some event could turn into this key, tag or URL. */
export function templatesFor(
  set: ContractSet,
  target: string,
  kinds: ReadonlySet<ActionKind> = TARGETED,
): readonly TemplateMatch[] {
  return compiled(set).contracts.flatMap(({ contract, actions }) =>
    actions
      .filter(({ action, template }) => kinds.has(action.kind) && couldGive(template, target))
      .map(({ action }) => ({ contract, action })),
  );
}
