import type { Millis } from '../../model/position.ts';
import type { Reason } from './scheme.ts';

/** Digits only, without sign, exponent or leading zero: the signed text and the number it means must be one. */
export function parseTimestamp(text: string | undefined, unitMs: 1 | 1_000): Millis | Reason {
  if (text === undefined || text === '') return 'TIMESTAMP_MISSING';
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) * unitMs : 'TIMESTAMP_MALFORMED';
}

/** The window is open both ways: a time ahead of ours would stay valid for as long as it is ahead. */
export function problemOfTime(signedAt: Millis, now: Millis, toleranceMs: number): Reason | null {
  if (now - signedAt > toleranceMs) return 'TIMESTAMP_OLD';
  return signedAt - now > toleranceMs ? 'TIMESTAMP_FUTURE' : null;
}
