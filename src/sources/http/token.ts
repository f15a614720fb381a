import { malformed, Refusal } from '../refusal.ts';
import { isSameHidden, isValidAt, type TimedSecret } from '../secrets.ts';
import type { RawRequest } from '../source.ts';

/**
 * CloudEvents' two ways to present a token: `Authorization: Bearer` and, for senders that cannot set a header,
 * `?access_token=`. Every token is compared in full, whatever the ones before it gave.
 */
export function requireToken(request: RawRequest, tokens: readonly TimedSecret[]): void {
  if (tokens.length === 0) return;
  const given = presented(request);
  if (given === null) throw refused('TOKEN_MISSING');
  const matches = tokens.filter(({ secret }) => isSameHidden(given, secret.reveal()));
  if (matches.length === 0) throw refused('TOKEN_WRONG');
  if (!matches.some((match) => isValidAt(match, request.now))) throw refused('TOKEN_EXPIRED');
}

function presented({ headers, path }: RawRequest): string | null {
  const bearer = /^bearer +(\S+) *$/i.exec(headers['authorization'] ?? '')?.[1] ?? null;
  const question = path.indexOf('?');
  const inQuery = question === -1 ? [] : new URLSearchParams(path.slice(question)).getAll('access_token');
  if (inQuery.length + (bearer === null ? 0 : 1) > 1) {
    throw malformed('TOKEN_TWICE', 'the token is given more than once');
  }
  return bearer ?? inQuery[0] ?? null;
}

function refused(reason: string): Refusal {
  return new Refusal('the token is missing or not valid here', {
    status: 401,
    code: 'TOKEN_REFUSED',
    reason,
    headers: { 'www-authenticate': 'Bearer' },
  });
}
