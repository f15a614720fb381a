import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Millis } from '../model/position.ts';
import { secret } from '../runtime/options.ts';
import type { Secret } from '../runtime/secret.ts';

/** One of the secrets that are valid at the same time while they are rotated. */
export interface TimedSecret {
  readonly secret: Secret;
  /** Not valid from then on; absent: valid until it leaves the configuration. */
  readonly until?: Millis;
}

/** More than two at once is a rotation that nobody finished; each one costs a signature per request. */
export const SECRETS_MAX = 8;

const ISO = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/;

const until = z
  .string()
  .refine(
    (text) => ISO.test(text) && !Number.isNaN(Date.parse(text)),
    'not a date such as 2026-01-31 or 2026-01-31T12:00:00Z',
  )
  .transform((text): Millis => Date.parse(text));

/** `secrets:` (or `tokens:`): each a string, or `{ secret, until }`. */
export function timedSecrets(): z.ZodType<readonly TimedSecret[]> {
  const plain = secret().transform((value): TimedSecret => ({ secret: value }));
  const timed = z
    .strictObject({ secret: secret(), until: until.optional() })
    .transform(({ secret: value, until: end }): TimedSecret => ({
      secret: value,
      ...(end === undefined ? {} : { until: end }),
    }));
  return z
    .array(z.union([plain, timed]))
    .min(1)
    .max(SECRETS_MAX);
}

export function isValidAt({ until: end }: TimedSecret, now: Millis): boolean {
  return end === undefined || now < end;
}

/** Compares in time that depends on the lengths alone. */
export function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The same where the length of the expected text is a secret too. */
export function isSameHidden(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
