import type { ExplicitAction } from './event.ts';

/** What to end, said outright. */
export interface InvalidationMessage {
  readonly keys?: readonly string[];
  readonly tags?: readonly string[];
  readonly namespaces?: readonly string[];
  readonly urls?: readonly string[];
  /** Narrows keys and tags to one namespace. */
  readonly namespace?: string;
  /** Soft: expire instead of delete. Keys and tags only. */
  readonly soft?: boolean;
  readonly reason?: string;
}

export function actionsOf(message: InvalidationMessage): ExplicitAction[] {
  const { keys = [], tags = [], namespaces = [], urls = [], namespace, soft = false } = message;
  const narrowed = namespace === undefined ? {} : { namespace };
  return [
    ...keys.map((target) => ({ kind: soft ? ('expire_key' as const) : ('delete_key' as const), target, ...narrowed })),
    ...tags.map((target) => ({ kind: soft ? ('expire_tag' as const) : ('purge_tag' as const), target, ...narrowed })),
    ...namespaces.map((target) => ({ kind: 'purge_namespace' as const, target })),
    ...urls.map((target) => ({ kind: 'purge_url' as const, target })),
  ];
}
