import { z } from 'zod';
import type { ExplicitAction } from '../../model/event.ts';
import type { JsonValue } from '../../model/json.ts';

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

export type Invalidation =
  | { readonly ok: true; readonly data: JsonValue; readonly explicit: readonly ExplicitAction[] }
  | { readonly ok: false; readonly reason: string };

/** Reads `{keys, tags, namespaces, urls, namespace?, soft?, reason?}`. */
export function readInvalidation(text: string): Invalidation {
  const parsed = parse(text);
  if (parsed === undefined) return { ok: false, reason: 'it is not JSON' };
  const result = message.safeParse(parsed);
  if (!result.success) return { ok: false, reason: z.prettifyError(result.error) };
  const { keys, tags, namespaces, urls, namespace, soft } = result.data;
  const scope = namespace === undefined ? {} : { namespace };
  return {
    ok: true,
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
