import { z } from 'zod';
import type { ExplicitAction } from '../../model/event.ts';
import type { JsonValue } from '../../model/json.ts';
import { EVERY_NAMESPACE } from '../../model/plan.ts';

/** The prefix of explicit invalidation messages; prefixes below it count too. */
export const MESSAGE_PREFIX = 'tidemark';

const names = z.array(z.string().min(1)).default([]);
const message = z.strictObject({
  keys: names,
  tags: names,
  namespaces: names,
  urls: names,
  namespace: z.string().min(1).optional(),
  soft: z.boolean().default(false),
  reason: z.string().optional(),
});

export interface Invalidation {
  readonly data: JsonValue;
  readonly explicit: readonly ExplicitAction[];
  /** Why the message could not be read; everything is purged then, because its target is unknown. */
  readonly problem?: string;
}

/** Reads `{keys, tags, namespaces, urls, namespace?, soft?, reason?}`. */
export function readInvalidation(text: string): Invalidation {
  const parsed = parse(text);
  const result = message.safeParse(parsed);
  if (!result.success) {
    const problem = parsed === undefined ? 'it is not JSON' : z.prettifyError(result.error);
    return { data: { text, problem }, explicit: [{ kind: 'purge_namespace', target: EVERY_NAMESPACE }], problem };
  }
  const { keys, tags, namespaces, urls, namespace, soft } = result.data;
  const scope = namespace === undefined ? {} : { namespace };
  return {
    data: parsed as JsonValue,
    explicit: [
      ...keys.map((target) => ({ kind: soft ? 'expire_key' : 'delete_key', target, ...scope }) as const),
      ...tags.map((target) => ({ kind: soft ? 'expire_tag' : 'purge_tag', target, ...scope }) as const),
      ...namespaces.map((target) => ({ kind: 'purge_namespace', target }) as const),
      ...urls.map((target) => ({ kind: 'purge_url', target }) as const),
    ],
  };
}

/** JSON, or the text itself. */
export function readContent(text: string): JsonValue {
  const parsed = parse(text);
  return parsed === undefined ? text : (parsed as JsonValue);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
