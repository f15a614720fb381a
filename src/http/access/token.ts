import { createHash, timingSafeEqual } from 'node:crypto';

const hash = (text: string): Buffer => createHash('sha256').update(text).digest();

export type TokenVerdict = 'right' | 'wrong' | 'missing';

/**
 * Compares `Authorization: Bearer` with the expected token. Only the hash is kept, and hashes are what is compared:
 * they have one length, and where two of them differ tells nothing about the token.
 */
export function tokenCheck(expected: string): (authorization: string | undefined) => TokenVerdict {
  const wanted = hash(expected);
  return (authorization) => {
    const given = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (given === undefined) return authorization === undefined ? 'missing' : 'wrong';
    return timingSafeEqual(hash(given), wanted) ? 'right' : 'wrong';
  };
}
