import { createHmac, type BinaryToTextEncoding } from 'node:crypto';
import { isSame } from '../secrets.ts';
import type { Signed } from './scheme.ts';

/** HMAC-SHA256 over the content, compared with every signature as text, so that no other spelling of one is accepted. */
export function isHmacOf(key: string | Buffer, signed: Signed, encoding: BinaryToTextEncoding): boolean {
  const mac = createHmac('sha256', key);
  for (const part of signed.content) mac.update(part);
  const expected = mac.digest(encoding);
  return signed.signatures.map((signature) => isSame(signature, expected)).includes(true);
}
