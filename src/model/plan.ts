export const ACTION_KINDS = [
  'delete_key',
  'expire_key',
  'purge_tag',
  'expire_tag',
  'purge_namespace',
  'purge_url',
  'refresh_key',
  'refresh_projection',
] as const;

/** Spelled as in YAML, so that one search finds contract, type, layer, metric and page. */
export type ActionKind = (typeof ACTION_KINDS)[number];

/** As the target of `purge_namespace`: every namespace. */
export const EVERY_NAMESPACE = '*';

export interface Action {
  readonly kind: ActionKind;
  /** Key, tag, namespace (or `EVERY_NAMESPACE`), URL or projection: bytes to every layer, never a pattern. */
  readonly target: string;
  /** Narrows a key or tag action to one namespace; absent: whichever namespace holds it. */
  readonly namespace?: string;
  /** Limits the action to these layers; absent: every layer that can do it. */
  readonly layers?: readonly string[];
}

export interface PlannedAction extends Action {
  /** The contract that asked for it, or `explicit`, `gap`, `contracts-changed`. */
  readonly contract: string;
  /** Set when the exact target could not be told and the next larger class stands in for it. */
  readonly widened?: true;
}

/** An action that could not be planned. The event becomes a dead letter, the plan holds the widened action. */
export interface PlanProblem {
  readonly contract: string;
  readonly action: ActionKind;
  readonly template: string;
  readonly code: string;
  readonly message: string;
}

/** What one event means. A pure function of contracts and event, made once, at intake. */
export interface Plan {
  readonly contractHash: string;
  readonly actions: readonly PlannedAction[];
  readonly problems: readonly PlanProblem[];
}
