import { TidemarkError, type ErrorCode } from '../../errors.ts';

/** SQLSTATE to what it means here. https://www.postgresql.org/docs/current/errcodes-appendix.html */
const BY_SQLSTATE: Readonly<Record<string, ErrorCode>> = {
  '28000': 'POSTGRES_AUTH',
  '28P01': 'POSTGRES_AUTH',
  '3D000': 'POSTGRES_AUTH',
  '42501': 'POSTGRES_PRIVILEGE',
  '53300': 'POSTGRES_UNREACHABLE',
  '53400': 'POSTGRES_SLOTS_FULL',
  '55006': 'POSTGRES_SLOT_BUSY',
  '57P01': 'POSTGRES_UNREACHABLE',
  '57P02': 'POSTGRES_UNREACHABLE',
  '57P03': 'POSTGRES_UNREACHABLE',
  '58P01': 'POSTGRES_SLOT_LOST',
};

/** Node's and pg's own words for a connection that is not there. */
const NO_CONNECTION =
  /^(ECONN\w+|EPIPE|ENOTFOUND|EAI_\w+|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOENT)$|connection terminated|timeout|not queryable|closed the connection|client was closed/i;

/** Every failure of the driver, the socket or the server becomes one of ours. */
export function translate(error: unknown, doing: string): TidemarkError {
  if (error instanceof TidemarkError) return error;
  const { code = '', message } = error as { code?: string; message?: string };
  const text = message || code || String(error);
  const particulars = `${doing}: ${text}`;
  return new TidemarkError(codeOf(code, text), particulars, { cause: error });
}

function codeOf(code: string, text: string): ErrorCode {
  const known = BY_SQLSTATE[code];
  if (known) return known;
  // 42704 names whatever object is missing, and 55000 every state that does not allow the command: the words tell.
  if (code === '42704' && text.includes('replication slot')) return 'POSTGRES_SLOT_MISSING';
  if (code === '42704' && text.includes('publication')) return 'POSTGRES_PUBLICATION_MISSING';
  if (code === '55000' && text.includes('replication slot')) return 'POSTGRES_SLOT_LOST';
  if (code.startsWith('08') || NO_CONNECTION.test(code) || NO_CONNECTION.test(text)) return 'POSTGRES_UNREACHABLE';
  return 'POSTGRES_FAILED';
}
