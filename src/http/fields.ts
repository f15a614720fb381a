import { z } from 'zod';
import type { Offset } from '../model/position.ts';

/** A place in the journal. */
export function offsetFrom(min: number): z.ZodType<Offset, number> {
  return z
    .number()
    .int()
    .min(min)
    .max(Number.MAX_SAFE_INTEGER)
    .transform((value) => value as Offset);
}
