import { ERRORS, type ErrorCode, type TidemarkError } from '../errors.ts';

export interface Refused {
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

/** Where the code says more than its reaction does. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  NAMESPACE_UNKNOWN: 404,
  CLOSED: 503,
  FRESHNESS_UNPROVEN: 503,
};

const STATUS_OF_REACTION = { reject: 400, retry: 503, resync: 503, yield: 503, halt: 500 } as const;

/** What somebody elsewhere is told of an error: its code and sentence, never a stack or a cause. */
export function refusedBy({ code, message, hint, reaction }: TidemarkError): Refused {
  const status = STATUS[code] ?? STATUS_OF_REACTION[reaction];
  // What is wrong with us is told without its particulars, which may be paths and addresses of this machine.
  return { status, code, message: status === 500 ? ERRORS[code].sentence : message, hint };
}
