/** One mistake or weakness in a file, for a person: where, what, why, and what to do about it. */
export interface Finding {
  readonly severity: 'error' | 'warning';
  /** Stable, upper case, e.g. `NAMESPACE_TTL_MISSING`. */
  readonly code: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
  readonly what: string;
  readonly why: string;
  readonly fix: string;
}
