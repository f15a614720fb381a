import { malformed } from '../refusal.ts';

/** Long enough for any identifier in use (a UUID has 36, a SHA-256 64). */
const ID_CHARS_MAX = 200;

/** A header that an accepted delivery must have, printable and of bounded length. */
export function requireHeader(headers: Readonly<Record<string, string | undefined>>, name: string): string {
  const value = headers[name]?.trim() ?? '';
  if (value === '')
    throw malformed('HEADER_MISSING', `the header ${name} is missing, without which a repetition cannot be told`);
  return checkId(value, `the header ${name}`);
}

/** @throws a refusal unless the text can be part of an event's id */
export function checkId(value: string, what: string): string {
  if (value.length > ID_CHARS_MAX || !/^[\x21-\x7e]+$/.test(value)) {
    throw malformed('HEADER_MALFORMED', `${what} is not an identifier of at most ${ID_CHARS_MAX} printable characters`);
  }
  return value;
}
