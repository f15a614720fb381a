import { isValidAt, type TimedSecret } from '../secrets.ts';
import type { RawRequest } from '../source.ts';
import type { Reason, Scheme, SchemeSettings } from './scheme.ts';
import { problemOfTime } from './timestamp.ts';

/** A rotation needs two. More only make us compute. */
const SIGNATURES_MAX = 10;

export interface Terms {
  readonly scheme: Scheme;
  readonly settings: SchemeSettings;
  readonly secrets: readonly TimedSecret[];
  readonly toleranceMs: number;
}

/**
 * Whether the request was signed with one of the secrets, and now. Every secret is tried in full. The time is judged
 * after the signature: TIMESTAMP_OLD in a log then means a sender that is late or a clock that is wrong, never a guess.
 */
export function problemOfSignature(request: RawRequest, terms: Terms): Reason | null {
  const { scheme, settings, secrets, toleranceMs } = terms;
  const signed = scheme.present(request, settings);
  if (typeof signed === 'string') return signed;
  if (signed.signatures.length === 0) return 'SIGNATURE_MISSING';
  if (signed.signatures.length > SIGNATURES_MAX) return 'SIGNATURES_TOO_MANY';
  const matching = secrets.filter(({ secret }) => scheme.matches(secret.reveal(), signed));
  if (matching.length === 0) return 'SIGNATURE_MISMATCH';
  if (!matching.some((one) => isValidAt(one, request.now))) return 'SECRET_EXPIRED';
  return signed.signedAt === undefined ? null : problemOfTime(signed.signedAt, request.now, toleranceMs);
}
