import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'http-api.md'), 'utf8');

export interface DocumentedRoute {
  readonly method: string;
  /** With `{name}` for what is given. */
  readonly path: string;
  readonly who: string;
}

export const ROUTES: readonly DocumentedRoute[] = [...text.matchAll(/^\| `([A-Z]+) (\/[^`]*)` +\| (\w+) +\|/gm)].map(
  ([, method = '', path = '', who = '']) => ({ method, path, who }),
);

export const CODES: readonly { readonly code: string; readonly status: number; readonly hint: string }[] = [
  ...text.matchAll(/^\| `([A-Z_]+)` +\| (\d+) +\| (.*?) +\|$/gm),
].map(([, code = '', status, hint = '']) => ({ code, status: Number(status), hint }));

export interface Example {
  readonly command: string;
  /** `json`: the whole answer. `text`: lines that its lines begin with. */
  readonly kind: 'json' | 'text';
  readonly status: number;
  readonly answer: string;
}

/** Every shell block with the answer that follows it. */
export const EXAMPLES: readonly Example[] = [
  ...text.matchAll(/^```sh\n([^]*?)^```\n\n```(json|text)(?: (\d+))?\n([^]*?)^```/gm),
].map(([, command = '', kind, status = '200', answer = '']) => ({
  command,
  kind: kind as Example['kind'],
  status: Number(status),
  answer,
}));

/** Shell blocks, whether or not an answer follows. */
export const COMMANDS = [...text.matchAll(/^```sh$/gm)].length;

/** What an answer is to match: `"..."` stands for any text, fields and items beyond those shown may be there. */
export function isLike(actual: unknown, shown: unknown): boolean {
  if (shown === '...') return typeof actual === 'string';
  if (Array.isArray(shown)) {
    return Array.isArray(actual) && shown.every((item, at) => isLike(actual[at], item));
  }
  if (typeof shown === 'object' && shown !== null) {
    if (typeof actual !== 'object' || actual === null) return false;
    return Object.entries(shown).every(([name, value]) => isLike((actual as Record<string, unknown>)[name], value));
  }
  return actual === shown;
}
