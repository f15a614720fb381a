import type { Report } from '../contracts/report.ts';
import { nearest } from '../contracts/suggest.ts';
import type { ScalarTree, Tree } from '../contracts/yaml-tree.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/**
 * `${NAME}` may stand without quotes in a flow mapping (`{ url: ${DATABASE_URL} }`), where YAML would read its braces.
 * So before parsing, the characters that mean something to YAML are swapped for noncharacters, one for one, which
 * moves no column; after parsing they are swapped back. Values come in only then, so none can change the structure.
 */
const STRUCTURE = '{}[],:#';
const STAND_INS = String.fromCharCode(...Array.from(STRUCTURE, (_, i) => 0xfdd0 + i));

export function hasStandIns(text: string): boolean {
  for (const char of STAND_INS) if (text.includes(char)) return true;
  return false;
}

export function maskReferences(text: string): string {
  let masked = '';
  let done = 0;
  for (let at = text.indexOf('${'); at >= 0; at = text.indexOf('${', Math.max(at + 2, done))) {
    const end = closingBrace(text, at);
    if (end < 0) continue;
    masked += text.slice(done, at) + swap(text.slice(at, end), STRUCTURE, STAND_INS);
    done = end;
  }
  return masked + text.slice(done);
}

/** After the `}` that closes the `${` at `at`, on the same line; -1 when none does. Whether it is a reference is told later. */
function closingBrace(text: string, at: number): number {
  const end = text.indexOf('}', at);
  const line = text.indexOf('\n', at);
  return end < 0 || (line >= 0 && line < end) ? -1 : end + 1;
}

/** After the `}` of the reference that begins at `at`; -1 when none does. A reference stays on one line. */
function endOfReference(text: string, at: number): number {
  const name = nameAt(text, at + 2);
  const next = at + 2 + name.length;
  if (name === '') return -1;
  if (text[next] === '}') return next + 1;
  if (!text.startsWith(':-', next)) return -1;
  return closingBrace(text, next);
}

function nameAt(text: string, from: number): string {
  let to = from;
  while (to < text.length && isNameChar(text.charCodeAt(to), to > from)) to++;
  return text.slice(from, to);
}

function isNameChar(code: number, inside: boolean): boolean {
  if ((code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95) return true;
  return inside && code >= 48 && code <= 57;
}

function swap(text: string, from: string, to: string): string {
  let swapped = '';
  for (const char of text) {
    const i = from.indexOf(char);
    swapped += i < 0 ? char : (to[i] ?? char);
  }
  return swapped;
}

export const unmask = (text: string): string => (hasStandIns(text) ? swap(text, STAND_INS, STRUCTURE) : text);

/** Swaps every text of a tree back. */
export function unmaskTree(tree: Tree): Tree {
  return mapScalars(tree, (scalar) =>
    typeof scalar.value === 'string' ? { ...scalar, value: unmask(scalar.value), text: unmask(scalar.text) } : scalar,
  );
}

/** Puts the environment's values into scalars. `$${NAME}` stays `${NAME}`. A variable that is missing is an error. */
export function resolveTree(tree: Tree, env: Env, report: Report): Tree {
  return mapScalars(tree, (scalar) => resolveScalar(scalar, env, report));
}

function resolveScalar(scalar: ScalarTree, env: Env, report: Report): ScalarTree {
  const { value, place } = scalar;
  if (typeof value !== 'string' || !value.includes('${')) return scalar;
  let resolved = '';
  let done = 0;
  let substituted = false;
  for (let at = value.indexOf('${'); at >= 0; at = value.indexOf('${', done)) {
    if (at > 0 && value[at - 1] === '$') {
      resolved += `${value.slice(done, at - 1)}\${`;
      done = at + 2;
      continue;
    }
    const end = endOfReference(value, at);
    if (end < 0) {
      report.error(
        'ENV_SYNTAX',
        place,
        'a "${" does not begin a variable',
        'variables are written as ${NAME} or ${NAME:-default}',
        'close the brace, or write "$${" for the characters themselves',
      );
      return scalar;
    }
    const name = nameAt(value, at + 2);
    const fallback = value[at + 2 + name.length] === ':' ? value.slice(at + 4 + name.length, end - 1) : null;
    resolved += value.slice(done, at) + lookUp(name, fallback, env, scalar, report);
    done = end;
    substituted = true;
  }
  resolved += value.slice(done);
  return { ...scalar, value: resolved, ...(substituted ? { substituted: true } : {}) };
}

function lookUp(name: string, fallback: string | null, env: Env, { place }: ScalarTree, report: Report): string {
  const found = Object.hasOwn(env, name) ? env[name] : undefined;
  if (fallback !== null) return found === undefined || found === '' ? fallback : found;
  if (found !== undefined) return found;
  const near = nearest(name, Object.keys(env));
  const fix = near === null ? `set ${name}, or write \${${name}:-default}` : `set ${name}; did you mean "${near}"?`;
  report.error(
    'ENV_MISSING',
    place,
    `the environment variable ${name} is not set`,
    'the configuration asks for it',
    fix,
  );
  return '';
}

function mapScalars(tree: Tree, change: (scalar: ScalarTree) => ScalarTree): Tree {
  switch (tree.kind) {
    case 'scalar':
      return change(tree);
    case 'list':
      return { ...tree, items: tree.items.map((item) => mapScalars(item, change)) };
    case 'map':
      return {
        ...tree,
        entries: tree.entries.map((entry) => ({
          ...entry,
          key: unmask(entry.key),
          value: mapScalars(entry.value, change),
        })),
      };
  }
}

/** A number or truth value that came as text from the environment, for options that take no text. */
export function coerceSubstituted(tree: Tree, where: (scalar: ScalarTree) => boolean): Tree {
  return mapScalars(tree, (scalar) => {
    if (!where(scalar) || !scalar.substituted || scalar.quoted || typeof scalar.value !== 'string') return scalar;
    const text = scalar.value;
    if (text === 'true' || text === 'false') return { ...scalar, value: text === 'true' };
    const number = Number(text);
    return text.trim() === '' || !Number.isFinite(number) ? scalar : { ...scalar, value: number };
  });
}
