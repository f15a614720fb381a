import { z } from 'zod';
import { Secret } from './secret.ts';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** Milliseconds of `'10m'`, `'1.5s'`, `250`; `null` when it is neither. */
export function parseDuration(input: number | string): number | null {
  if (typeof input === 'number') return Number.isFinite(input) && input >= 0 ? input : null;
  const match = DURATION.exec(input);
  return match ? Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? NaN) : null;
}

/** A duration option: milliseconds, or a number with ms, s, m, h or d. Parsed to milliseconds. */
export function duration(): z.ZodType<number, number | string> {
  const text = z.string().regex(DURATION, 'a duration is milliseconds, or a number with ms, s, m, h or d, such as 10m');
  return z.union([z.number().nonnegative(), text]).transform((input) => parseDuration(input) ?? 0);
}

/** A secret option: any non-empty string. */
export function secret(): z.ZodType<Secret, string> {
  return z
    .string()
    .min(1)
    .transform((value) => new Secret(value));
}
