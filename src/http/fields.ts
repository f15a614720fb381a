import { z } from 'zod';
import type { Offset } from '../model/position.ts';

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

/** A place in the journal. */
export function offsetFrom(min: number): z.ZodType<Offset, number> {
  return z
    .number()
    .int()
    .min(min)
    .max(Number.MAX_SAFE_INTEGER)
    .transform((value) => value as Offset);
}
