import type { JsonValue } from '../model/json.ts';

/** A name of an object's own property, or an index of an array. */
export type Step = string | number;

export type ParsedPath =
  { readonly ok: true; readonly steps: readonly Step[] } | { readonly ok: false; readonly why: string };

const NAME_END = /[.[\]{}"' \t\n\r]|$/;
/** Deeper than any event a person can name a field of; keeps evaluation bounded. */
const STEPS_MAX = 32;

/** `a.b`, `items[0].id`. One pass, no backtracking. */
export function parsePath(text: string): ParsedPath {
  const steps: Step[] = [];
  let at = 0;
  if (text.length === 0) return { ok: false, why: 'the field name is empty' };
  while (at < text.length) {
    if (text[at] === '[') {
      const end = text.indexOf(']', at);
      const digits = text.slice(at + 1, end);
      if (end === -1 || !isIndex(digits)) return { ok: false, why: `"${text.slice(at)}" is not an index such as [0]` };
      if (steps.length === 0) return { ok: false, why: 'a path begins with a field name' };
      steps.push(Number(digits));
      at = end + 1;
    } else {
      if (steps.length > 0) {
        if (text[at] !== '.') return { ok: false, why: `"${text.charAt(at)}" cannot stand here` };
        at++;
      }
      const end = at + text.slice(at).search(NAME_END);
      const name = text.slice(at, end);
      if (name.length === 0)
        return { ok: false, why: at < text.length ? `"${text.charAt(at)}" cannot stand here` : 'it ends with a dot' };
      steps.push(name);
      at = end;
    }
    if (steps.length > STEPS_MAX) return { ok: false, why: `it has more than ${String(STEPS_MAX)} steps` };
  }
  // Own properties only makes these harmless; a person who writes them is mistaken or probing.
  if (steps.includes('__proto__') || steps.some((step, i) => step === 'constructor' && steps[i + 1] === 'prototype'))
    return { ok: false, why: 'it names a prototype, which is never data' };
  return { ok: true, steps };
}

function isIndex(digits: string): boolean {
  if (digits.length === 0 || digits.length > 6) return false;
  for (const digit of digits) if (digit < '0' || digit > '9') return false;
  return true;
}

/** The value at a path, `undefined` when there is none. Only own properties and real array elements are seen. */
export function valueAt(root: JsonValue | undefined, steps: readonly Step[], from = 0): JsonValue | undefined {
  let value = root;
  for (const step of steps.slice(from)) {
    if (value === null || typeof value !== 'object') return undefined;
    if (Array.isArray(value)) {
      if (typeof step !== 'number') return undefined;
      value = (value as readonly JsonValue[])[step];
    } else {
      const name = String(step);
      if (typeof step === 'number' || !Object.hasOwn(value, name)) return undefined;
      value = (value as Readonly<Record<string, JsonValue>>)[name];
    }
  }
  return value;
}
