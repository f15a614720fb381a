import { TidemarkError, type ErrorCode } from '../../errors.ts';

const BY_WORD: readonly (readonly [RegExp, ErrorCode])[] = [
  [/^(WRONGPASS|NOAUTH|NOPERM)/, 'REDIS_AUTH'],
  [/^OOM/, 'REDIS_FULL'],
  [/^(READONLY|MASTERDOWN|LOADING|BUSY|NOREPLICAS|CLUSTERDOWN|TRYAGAIN|MOVED|ASK)/, 'REDIS_NOT_NOW'],
];

/** What the driver rejects with before anything was asked, or when the connection went. */
const NO_CONNECTION =
  /isn't writeable|Connection is closed|Connection in subscriber mode|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH|EAI_AGAIN|Socket timeout|sentinels are unreachable|max retries per request|Cluster/i;

/** The error of a call as its user meets it. */
export function failureOf(error: unknown): TidemarkError {
  if (error instanceof TidemarkError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const known = BY_WORD.find(([words]) => words.test(message))?.[1];
  const code = known ?? (NO_CONNECTION.test(message) ? 'REDIS_UNREACHABLE' : 'REDIS_FAILED');
  return new TidemarkError(code, message, { cause: error });
}
