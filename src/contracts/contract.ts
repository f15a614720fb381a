import type { JsonValue } from '../model/json.ts';
import type { ChangeEvent } from '../model/event.ts';
import type { ActionKind } from '../model/plan.ts';
import type { Condition } from './condition.ts';

/** A declared dependency: when this happens, the trust of these ends. */
export interface Contract {
  readonly name: string;
  /** The name that was written down, if any; `name` is then the same. */
  readonly given?: string;
  readonly file: string;
  readonly line: number;
  readonly column?: number;
  /** Event types or patterns (`product.*`), as written. */
  readonly triggers: readonly string[];
  readonly source?: string;
  /** The event counts only when this holds, or when it cannot be told. */
  readonly when?: Condition;
  readonly forEach?: ForEach;
  readonly actions: readonly ContractAction[];
  /** Judged against this contract alone. */
  readonly tests?: readonly ContractTest[];
  readonly places?: { readonly triggers?: readonly Place[]; readonly source?: Place; readonly forEach?: Place };
}

/** Where something was written, from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface ContractAction {
  readonly kind: ActionKind;
  /** The template as written. */
  readonly template: string;
  readonly namespace?: string;
  readonly layers?: readonly string[];
  readonly line?: number;
  readonly column?: number;
  readonly places?: { readonly target?: Place; readonly namespace?: Place; readonly layers?: readonly Place[] };
}

/** One plan for every item of an array in the event. */
export interface ForEach {
  /** The path as written. */
  readonly path: string;
  /** More items than this are not planned one by one: the actions widen. */
  readonly limit: number;
  /** Whether the limit was written down; else it is `FOR_EACH_LIMIT`. */
  readonly limited: boolean;
}

/** More single invalidations from one event cost the layers more than one wider invalidation does. */
export const FOR_EACH_LIMIT = 10_000;

/** Compiled contracts, indexed by trigger. Opaque but for these. */
export interface ContractSet {
  /** Of the meaning, not of the text: comments and order of keys do not change it. */
  readonly hash: string;
  readonly contracts: readonly Contract[];
}

/** Given an event, expect exactly these actions. */
export interface ContractTest {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly event: ChangeEvent;
  readonly expect: readonly ExpectedAction[];
}

export interface ExpectedAction {
  readonly kind: ActionKind;
  readonly target: string;
  readonly namespace?: string;
  readonly layers?: readonly string[];
  readonly widened?: true;
}

/** What a scalar in a filter may be. */
export type Scalar = Extract<JsonValue, string | number | boolean | null>;
