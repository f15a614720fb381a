import { crc32 } from 'node:zlib';
import { TidemarkError } from '../errors.ts';

/**
 * JSON with a checksum before it. SQLite notices a torn write, but not a bit that the disk has turned since. `place` is
 * where the text belongs, so that a row found at another place is noticed as well.
 */
export function seal(json: string, place = 0): string {
  return `${String(crc32(json, place >>> 0))}${json}`;
}

/** What was sealed; throws when it is not what was sealed there. */
export function unseal(sealed: string, place = 0): string {
  let start = 0;
  while (isDigit(sealed.charCodeAt(start))) start++;
  const json = sealed.slice(start);
  // Of nothing at all the checksum is 0, which is what no digits would be read as.
  if (start > 0 && crc32(json, place >>> 0) === Number(sealed.slice(0, start))) return json;
  throw new TidemarkError('JOURNAL_CORRUPT', `${sealed.slice(0, 40)}... does not match its checksum`);
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
