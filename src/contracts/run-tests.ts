import type { PlannedAction, PlanProblem } from '../model/plan.ts';
import { compileContracts } from './compile.ts';
import type { Contract, ContractSet, ContractTest, ExpectedAction } from './contract.ts';
import { plan } from './plan.ts';

export interface ContractTestResult {
  readonly test: ContractTest;
  /** The contract that the test stands in; `null` for one that is about all contracts together. */
  readonly contract: string | null;
  readonly ok: boolean;
  /** Expected and not planned. */
  readonly missing: readonly ExpectedAction[];
  /** Planned and not expected. */
  readonly unexpected: readonly PlannedAction[];
  readonly problems: readonly PlanProblem[];
}

export interface ContractTestReport {
  readonly results: readonly ContractTestResult[];
  /** Contracts that planned nothing in any test. */
  readonly uncovered: readonly Contract[];
}

/** A test inside a contract is about that contract alone; one beside contracts is about all of them together. */
export function runContractTests(set: ContractSet, shared: readonly ContractTest[]): ContractTestReport {
  const planned = new Set<string>();
  const results: ContractTestResult[] = [];
  for (const contract of set.contracts) {
    const alone = compileContracts([contract]);
    for (const test of contract.tests ?? []) results.push(runOne(alone, test, contract.name, planned));
  }
  for (const test of shared) results.push(runOne(set, test, null, planned));
  return { results, uncovered: set.contracts.filter(({ name }) => !planned.has(name)) };
}

function runOne(
  set: ContractSet,
  test: ContractTest,
  contract: string | null,
  planned: Set<string>,
): ContractTestResult {
  const { actions, problems } = plan(set, test.event);
  for (const action of actions) planned.add(action.contract);
  const wanted = new Set(test.expect.map(identity));
  const given = new Set(actions.map(identity));
  const missing = test.expect.filter((action) => !given.has(identity(action)));
  const unexpected = actions.filter((action) => !wanted.has(identity(action)));
  return { test, contract, ok: missing.length === 0 && unexpected.length === 0, missing, unexpected, problems };
}

function identity({ kind, target, namespace, layers, widened }: ExpectedAction): string {
  return JSON.stringify([kind, target, namespace ?? null, layers ? [...layers].sort() : null, widened ?? null]);
}
