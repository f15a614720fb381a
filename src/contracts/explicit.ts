import { z } from 'zod';
import type { InvalidationMessage } from '../model/invalidation.ts';

/** Longer keys exist nowhere that we know of; HTTP caches cut tags off far below. */
const TARGET_CHARS_MAX = 2_048;

// eslint-disable-next-line no-control-regex -- control characters are what this looks for
const CONTROL = /[\u0000-\u001f\u007f]/;

/** A key, tag or URL: bytes to everyone, but a control character in it is a mistake or an attack on a log. */
export const target = z
  .string()
  .min(1)
  .max(TARGET_CHARS_MAX)
  .refine((text) => !CONTROL.test(text), { message: 'must not contain control characters' });

/** What the configuration gives a name to: a namespace, a source. */
export const name = z
  .string()
  .min(1)
  .max(200)
  .refine((text) => !CONTROL.test(text), { message: 'must not contain control characters' });

/** One message is one journal entry; more targets than this belong into several. */
const TARGETS_MAX = 10_000;

const targets = z.array(target).max(TARGETS_MAX).optional();

/** An explicit message, as it comes from outside. */
export const explicitMessage = z
  .strictObject({
    keys: targets,
    tags: targets,
    namespaces: z.array(name).max(TARGETS_MAX).optional(),
    urls: targets,
    namespace: name.optional(),
    soft: z.boolean().optional(),
    reason: z.string().max(1_000).optional(),
  })
  .refine((message) => countOf(message) > 0, { message: 'name at least one of keys, tags, namespaces, urls' })
  .refine((message) => !message.soft || !(message.namespaces?.length || message.urls?.length), {
    path: ['soft'],
    message: 'only keys and tags can be expired; namespaces and urls are always purged',
  })
  .transform((message) => message as InvalidationMessage);

function countOf({ keys, tags, namespaces, urls }: Partial<Record<string, unknown>>): number {
  return [keys, tags, namespaces, urls].flat().filter((item) => item !== undefined).length;
}
