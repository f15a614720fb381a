import { TidemarkError } from '../errors.ts';
import { refusedBy } from '../service/refused.ts';
import { printable } from './printable.ts';
import { Refusal, REFUSALS, type RefusalCode } from './refusal.ts';

export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string };
}

export interface Fault {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ErrorBody;
  /** What the log is told, and the client is not. */
  readonly unexpected: boolean;
}

/** What the framework throws, in our words. */
const FRAMEWORK: Readonly<Record<string, RefusalCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'CONTENT_TYPE',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'BODY_CORRUPT',
  FST_ERR_BAD_URL: 'URL_INVALID',
  FST_ERR_MAX_PARAM_LENGTH: 'URL_INVALID',
  // The client went away while its body was read.
  ECONNRESET: 'BODY_CORRUPT',
};

const SENTENCE: Partial<Record<RefusalCode, string>> = {
  BODY_TOO_LARGE: 'the body is larger than this server accepts',
  CONTENT_TYPE: 'the Content-Type is not a media type',
  BODY_CORRUPT: 'the body is not as long as Content-Length says',
  URL_INVALID: 'the path cannot be decoded, or a part of it is too long',
  ROUTE_UNKNOWN: 'there is nothing under this path',
  REQUEST_MALFORMED: 'this is not a request that can be read',
};

export function errorBody(code: string, message: string, hint: string): ErrorBody {
  return { error: { code, message: printable(message), hint } };
}

/** The answer to whatever was thrown: codes and sentences, never a stack, a cause or a path of this machine. */
export function faultOf(error: unknown): Fault {
  if (error instanceof Refusal) {
    const { status, headers, code, message, hint } = error;
    return { status, headers, body: errorBody(code, message, hint), unexpected: false };
  }
  if (error instanceof TidemarkError) {
    const { status, code, message, hint } = refusedBy(error);
    const headers: Record<string, string> = status === 503 ? { 'retry-after': '1' } : {};
    return { status, headers, body: errorBody(code, message, hint), unexpected: status === 500 };
  }
  const code = foreignCode(error);
  if (code) {
    const { status, hint } = REFUSALS[code];
    return { status, headers: {}, body: errorBody(code, SENTENCE[code] ?? code, hint), unexpected: false };
  }
  const { status, hint } = REFUSALS.INTERNAL;
  const body = errorBody('INTERNAL', 'the daemon met an error that it did not expect', hint);
  return { status, headers: {}, body, unexpected: true };
}

/** Of an error that the framework or one of its plug-ins made. Its message may quote paths of this machine. */
function foreignCode(error: unknown): RefusalCode | null {
  const { code, statusCode } = (error ?? {}) as { readonly code?: unknown; readonly statusCode?: unknown };
  const known = typeof code === 'string' && Object.hasOwn(FRAMEWORK, code) ? FRAMEWORK[code] : undefined;
  if (known) return known;
  if (typeof statusCode !== 'number' || statusCode < 400 || statusCode > 499) return null;
  // A path out of the page's directory is forbidden to the plug-in; to the client it is one that is not there.
  return statusCode === 403 || statusCode === 404 ? 'ROUTE_UNKNOWN' : 'REQUEST_MALFORMED';
}
