import type { ChangeEvent } from '../model/event.ts';
import { EVERY_NAMESPACE, type Plan, type PlannedAction, type PlanProblem } from '../model/plan.ts';
import { compiled, type CompiledAction, type CompiledContract } from './compile.ts';
import { judge, type Verdict } from './condition.ts';
import type { ContractAction, ContractSet } from './contract.ts';
import { imagesOf, type Frame } from './field.ts';
import { loopOver, type Loop } from './loop.ts';
import { fillTemplate } from './template.ts';

/** What an event means. Pure and deterministic; costs nothing for contracts whose trigger does not match. */
export function plan(set: ContractSet, event: ChangeEvent): Plan {
  const draft = new Draft();
  if (event.explicit) {
    for (const { kind, target, namespace } of event.explicit)
      draft.add({ kind, target, ...(namespace === undefined ? {} : { namespace }), contract: 'explicit' });
  } else {
    for (const contract of compiled(set).index.find(event.type, event.source)) planContract(contract, event, draft);
  }
  return { contractHash: set.hash, actions: draft.actions, problems: draft.problems };
}

/** How a contract's filter judged an event, and how many actions came of it. For previews. */
export interface ContractVerdict {
  readonly verdict: Verdict;
  readonly actions: number;
  readonly problems: number;
}

export function judgeContract(contract: CompiledContract, event: ChangeEvent): ContractVerdict {
  const draft = new Draft();
  const verdict = planContract(contract, event, draft);
  return { verdict, actions: draft.actions.length, problems: draft.problems.length };
}

/** Collects a plan; the same action twice from one event is one action. */
class Draft {
  readonly actions: PlannedAction[] = [];
  readonly problems: PlanProblem[] = [];
  readonly #seen = new Set<string>();

  add(action: PlannedAction): void {
    const layers = action.layers === undefined ? '' : [...action.layers].sort().join(' ');
    if (this.#first(`${action.kind}\n${action.namespace ?? ''}\n${layers}\n${action.target}`))
      this.actions.push(action);
  }

  addProblem(problem: PlanProblem): void {
    if (this.#first(`!\n${problem.contract}\n${problem.action}\n${problem.code}\n${problem.template}`))
      this.problems.push(problem);
  }

  #first(id: string): boolean {
    if (this.#seen.has(id)) return false;
    this.#seen.add(id);
    return true;
  }
}

function planContract(contract: CompiledContract, event: ChangeEvent, draft: Draft): Verdict {
  const images = imagesOf(event);
  const loop = contract.loop ? loopOver(contract.loop, images) : null;
  const frames = loop ? loop.frames.filter((frame) => judgeFrame(contract, images, frame) !== 'no') : images;
  const verdict = loop ? judgeLoop(contract, images, loop, frames) : judgeFrame(contract, images, null);
  if (verdict === 'no') return verdict;
  for (const action of contract.actions) {
    if (!action.perItem) planAction(contract, action, images, draft);
    else if (loop?.problem) widen(contract, action.action, loop.problem, draft);
    else planAction(contract, action, frames, draft);
  }
  return verdict;
}

/** The filter holds for an event when it holds for the row before or for the row after. */
function judgeFrame({ when }: CompiledContract, images: readonly Frame[], frame: Frame | null): Verdict {
  if (when === null) return 'yes';
  let result: Verdict = 'no';
  for (const image of images) {
    const one = judge(when, frame?.item ? { ...image, item: frame.item } : image);
    if (one === 'yes') return one;
    if (one === 'unknown') result = one;
  }
  return result;
}

/** Of the event as a whole: an array without items leaves the actions that do not read them. */
function judgeLoop(
  contract: CompiledContract,
  images: readonly Frame[],
  loop: Loop,
  matched: readonly Frame[],
): Verdict {
  if (loop.problem) return 'unknown';
  if (matched.length > 0) return 'yes';
  return loop.frames.length > 0 ? 'no' : judgeFrame(contract, images, null);
}

function planAction(
  { contract }: CompiledContract,
  compiledAction: CompiledAction,
  frames: readonly Frame[],
  draft: Draft,
): void {
  const { action, template } = compiledAction;
  for (const frame of frames) {
    const filled = fillTemplate(template, frame);
    if (filled.state === 'text') draft.add(planned(action, contract.name, filled.text));
    if (filled.state === 'problem') widen({ contract }, action, filled, draft);
  }
}

function planned({ kind, namespace, layers }: ContractAction, contract: string, target: string): PlannedAction {
  return {
    kind,
    target,
    ...(namespace === undefined ? {} : { namespace }),
    ...(layers === undefined ? {} : { layers }),
    contract,
  };
}

/**
 * The next larger class that holds the target whatever it is: its namespace, or every namespace.
 * For a URL or a projection there is no larger class that a cache in front of an origin knows; emptying the namespaces
 * makes at least their next load fresh, and the problem becomes a dead letter that a person sees.
 */
function widen(
  { contract }: Pick<CompiledContract, 'contract'>,
  action: ContractAction,
  cause: { readonly code: string; readonly message: string },
  draft: Draft,
): void {
  const { kind, template, namespace, layers } = action;
  draft.add({
    kind: 'purge_namespace',
    target: namespace ?? EVERY_NAMESPACE,
    ...(layers === undefined ? {} : { layers }),
    contract: contract.name,
    widened: true,
  });
  // An emptied table is no mistake: widening is the whole answer, nothing is left for a person to mend.
  if (cause.code !== 'TRUNCATED')
    draft.addProblem({ contract: contract.name, action: kind, template, code: cause.code, message: cause.message });
}
