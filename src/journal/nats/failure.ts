import { TidemarkError, type ErrorCode } from '../../errors.ts';

/** Numbers of errors of the JetStream API. */
const CODES = {
  sequence: [10071, 10164],
  /** max_bytes, max_msgs, resources of the server, limits of the account. */
  room: [10077, 10047, 10023, 10028, 10002],
  gone: [10059],
  notNow: [10008, 10005, 10009],
} as const;

export function isRefusal(error: unknown, what: keyof typeof CODES): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return (CODES[what] as readonly unknown[]).includes(code) && isOfServer(error);
}

/** What passes by itself: servers that choose a leader, or one that did not answer in time. */
export function isForNow(error: unknown): boolean {
  return isRefusal(error, 'notNow') || (isOfServer(error) && (error as Error).name === 'TimeoutError');
}

function isOfServer(error: unknown): boolean {
  return error instanceof Error && !(error instanceof TidemarkError);
}

const BY_NAME: Readonly<Record<string, ErrorCode>> = {
  AuthorizationError: 'NATS_AUTH',
  UserAuthenticationExpiredError: 'NATS_AUTH',
  PermissionViolationError: 'NATS_AUTH',
  JetStreamNotEnabled: 'NATS_NO_JETSTREAM',
  ConnectionError: 'NATS_UNREACHABLE',
  ClosedConnectionError: 'NATS_UNREACHABLE',
  StreamNotFoundError: 'NATS_STREAM_GONE',
};

/** What the driver threw, as the table in `errors.ts` has it. */
export function failureOf(error: unknown, about: string): TidemarkError {
  if (error instanceof TidemarkError) return error;
  const { name = '', message = String(error) } = error instanceof Error ? error : {};
  const code: ErrorCode = isRefusal(error, 'gone')
    ? 'NATS_STREAM_GONE'
    : isRefusal(error, 'room')
      ? 'NATS_STREAM_FULL'
      : (BY_NAME[name] ?? codeOfText(message));
  return new TidemarkError(code, `${about}: ${message}`, { cause: error });
}

function codeOfText(message: string): ErrorCode {
  if (/authoriz|authentication|credentials/i.test(message)) return 'NATS_AUTH';
  if (/ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|connection refused/i.test(message)) return 'NATS_UNREACHABLE';
  if (/jetstream.*not enabled/i.test(message)) return 'NATS_NO_JETSTREAM';
  return 'NATS_FAILED';
}
