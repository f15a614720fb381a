import type { ActionKind } from '../model/plan.ts';

/** A declared dependency: when this happens, the trust of these ends. */
export interface Contract {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  /** Event types or patterns (`product.*`), as written. */
  readonly triggers: readonly string[];
  readonly source?: string;
  readonly actions: readonly ContractAction[];
}

export interface ContractAction {
  readonly kind: ActionKind;
  /** The template as written. */
  readonly template: string;
  readonly namespace?: string;
  readonly layers?: readonly string[];
}

/** Compiled contracts, indexed by trigger. Opaque but for these. */
export interface ContractSet {
  /** Of the meaning, not of the text: comments and order of keys do not change it. */
  readonly hash: string;
  readonly contracts: readonly Contract[];
}
