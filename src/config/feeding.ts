import type { Contract } from '../contracts/contract.ts';
import type { Config, Configured } from './config.ts';
import type { Proving } from './decidable.ts';
import { emittedBy, overlaps } from './row-changes.ts';

/** An action without a namespace reaches its key or tag in every one. */
export function reaches({ actions }: Contract, namespace: string): boolean {
  return actions.some(({ kind, template, namespace: narrowed }) => {
    if (kind === 'purge_namespace') return template === '*' || template === namespace;
    return kind !== 'refresh_projection' && kind !== 'purge_url' && (narrowed ?? namespace) === namespace;
  });
}

/** What contracts say of where the changes of a namespace come from, where they say it for certain. */
export interface Feeding {
  /** Sources that prove, and that one of its contracts hears. */
  readonly needed: readonly string[];
  /** Sources that prove, and that none of its contracts can hear. */
  readonly unneeded: readonly string[];
  /** Sources that cannot prove, and that one of its contracts can hear only there. */
  readonly unproven: readonly string[];
}

export function feedingOf(namespace: string, { sources, contracts }: Config, all: readonly Proving[]): Feeding {
  const own = contracts.contracts.filter((contract) => reaches(contract, namespace));
  const heard = ({ name }: Proving, contract: Contract): boolean => hears(contract, name, sources.get(name));
  const provers = all.filter(({ prove }) => prove);
  const elsewhere = own.filter((contract) => !provers.some((source) => heard(source, contract)));
  const needed = provers.filter((source) => own.some((contract) => heard(source, contract)));
  const without = all.filter(({ prove, written }) => !prove && written);
  return {
    needed: needed.map(({ name }) => name),
    unneeded: provers.filter((source) => !needed.includes(source)).map(({ name }) => name),
    unproven: without.filter((source) => elsewhere.some((contract) => heard(source, contract))).map(({ name }) => name),
  };
}

/** Whether an event of the source can trigger the contract. A source that may emit anything can. */
function hears({ source, triggers }: Contract, name: string, configured: Configured | undefined): boolean {
  if (!configured || (source ?? name) !== name) return false;
  const types = emittedBy(configured);
  return types === null || triggers.some((trigger) => types.some((type) => overlaps(trigger, type)));
}
