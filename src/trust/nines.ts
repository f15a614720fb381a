/** What a number of checks says about how often something is wrong. */
export interface Nines {
  readonly checks: number;
  readonly violations: number;
  /** Part that is wrong at most, at 95 % confidence: three divided by the checks when none was (the rule of three). */
  readonly atMost: number;
  /** Nines that are shown at that confidence, rounded down to tenths: 3.5 means at least 99.95 % right or so. */
  readonly nines: number;
  readonly words: string;
}

/** One-sided 95 % of the normal distribution. */
const Z_95 = 1.6449;

export function ninesOf(checks: number, violations: number): Nines {
  const atMost = Math.min(1, mostExpected(violations) / checks);
  const nines = Math.max(0, Math.floor(-Math.log10(atMost) * 10) / 10);
  return { checks, violations, atMost, nines, words: inWords(checks, violations, atMost, nines) };
}

/** Upper bound of a Poisson mean of which `seen` were seen (Wilson and Hilferty); for none it is the 3 of the rule. */
function mostExpected(seen: number): number {
  if (seen === 0) return 3;
  const n = seen + 1;
  return n * (1 - 1 / (9 * n) + Z_95 / (3 * Math.sqrt(n))) ** 3;
}

function inWords(checks: number, violations: number, atMost: number, nines: number): string {
  if (checks === 0) return 'nothing checked yet';
  const found = `${grouped(violations)} of ${grouped(checks)} wrong`;
  if (atMost >= 1) return `${found}: too few checks to say more`;
  return `${found}: at most 1 in ${grouped(Math.floor(1 / atMost))} at 95 %, ${nines.toFixed(1)} nines`;
}

const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ',');
