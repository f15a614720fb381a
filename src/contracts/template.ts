import { parseField, readField, type Field, type Frame } from './field.ts';

/** A literal piece or a field that is replaced by its value. */
export type Part = string | Placeholder;

export interface Placeholder {
  readonly field: Field;
  /** `{field?}`: without a value there is nothing to invalidate. */
  readonly optional: boolean;
}

export interface Template {
  readonly text: string;
  /** What it begins with is written down: no value can choose among all keys. */
  readonly parts: readonly [string, ...Part[]];
}

export interface TemplateMistake {
  readonly code: string;
  /** Where in the text, from 0. */
  readonly at: number;
  readonly what: string;
  readonly why: string;
  readonly fix: string;
}

export type ParsedTemplate =
  | { readonly ok: true; readonly template: Template }
  | { readonly ok: false; readonly mistakes: readonly TemplateMistake[] };

/** Longer than any key, tag or URL that a cache takes; Akamai stops at 128, Redis users at a few hundred. */
export const TARGET_MAX = 1024;

/** `product:{product_id}`. `{{` and `}}` stand for the braces themselves. One pass; values are never parsed. */
export function parseTemplate(text: string, inLoop: boolean): ParsedTemplate {
  const parts: Part[] = [];
  const mistakes: TemplateMistake[] = [];
  let literal = '';
  const flush = (): void => {
    if (literal !== '') parts.push(literal);
    literal = '';
  };
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if ((char === '{' || char === '}') && text[at + 1] === char) {
      literal += char;
      at++;
    } else if (char === '}') {
      mistakes.push(braceMistake(at, 'a "}" has no "{" before it'));
    } else if (char === '{') {
      const end = text.indexOf('}', at);
      if (end === -1) {
        mistakes.push(braceMistake(at, 'a "{" has no "}" after it'));
        break;
      }
      flush();
      const inner = text.slice(at + 1, end);
      const optional = inner.endsWith('?');
      const field = parseField(optional ? inner.slice(0, -1) : inner, inLoop);
      if (field.ok) parts.push({ field: field.field, optional });
      else mistakes.push(fieldMistake(at, inner, field.why));
      at = end;
    } else literal += char;
  }
  flush();
  mistakes.push(...shapeMistakes(text, parts));
  if (mistakes.length > 0) return { ok: false, mistakes };
  return { ok: true, template: { text, parts: parts as [string, ...Part[]] } };
}

function shapeMistakes(text: string, parts: readonly Part[]): TemplateMistake[] {
  const mistakes: TemplateMistake[] = [];
  const first = parts[0];
  if (first !== undefined && typeof first !== 'string')
    mistakes.push({
      code: 'TEMPLATE_NO_PREFIX',
      at: 0,
      what: `the template "${text}" begins with a field`,
      why: 'without a literal at its start, an event could name any key there is',
      fix: `put a literal before it, e.g. "product:${text}"`,
    });
  const wrong = text === '' ? 'is empty' : text.length > TARGET_MAX ? 'is too long' : textProblem(literals(parts));
  if (wrong !== null)
    mistakes.push({
      code: 'TEMPLATE_INVALID',
      at: 0,
      what: `the template ${wrong}`,
      why: `a target has 1 to ${String(TARGET_MAX)} characters, and no control characters`,
      fix: 'write the key or tag as the application builds it',
    });
  return mistakes;
}

/** Apart from each other, as halves of a pair in two of them do not make one. */
const literals = (parts: readonly Part[]): string => parts.filter((part) => typeof part === 'string').join(' ');

const braceMistake = (at: number, what: string): TemplateMistake => ({
  code: 'TEMPLATE_BRACE',
  at,
  what,
  why: 'braces enclose the name of a field',
  fix: 'close it, or write "{{" and "}}" for the braces themselves',
});

const fieldMistake = (at: number, inner: string, why: string): TemplateMistake => ({
  code: 'TEMPLATE_FIELD',
  at,
  what: `"{${inner}}" does not name a field: ${why}`,
  why: 'a field is written as {name}, {a.b}, {items[0].id}, {before.name}, {after.name} or {$.subject}',
  fix: 'write the path of a field, or "{{" and "}}" for the braces themselves',
});

/** What a text must not hold to be a target or a part of one, in words; `null` when it may. */
export function textProblem(text: string): string | null {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || (unit >= 0x7f && unit <= 0x9f)) return 'holds a control character';
    if (unit >= 0xd800 && unit <= 0xdfff) {
      const next = text.charCodeAt(i + 1);
      if (unit >= 0xdc00 || !(next >= 0xdc00 && next <= 0xdfff)) return 'holds half of a surrogate pair';
      i++;
    }
  }
  return null;
}

export type Filled =
  | { readonly state: 'text'; readonly text: string }
  /** There is nothing to invalidate: that side of the row does not exist, or an optional field has no value. */
  | { readonly state: 'nothing' }
  | { readonly state: 'problem'; readonly code: string; readonly message: string };

/** Puts values in, raw and once: what a value holds is never read as a template or a pattern. */
export function fillTemplate(template: Template, frame: Frame): Filled {
  let text = '';
  for (const part of template.parts) {
    if (typeof part === 'string') {
      text += part;
      continue;
    }
    const value = fillField(part, frame);
    if (value.state !== 'text') return value;
    text += value.text;
    if (text.length > TARGET_MAX)
      return problem('TARGET_TOO_LONG', `"${template.text}" would be longer than ${String(TARGET_MAX)} characters`);
  }
  return { state: 'text', text };
}

function fillField({ field, optional }: Placeholder, frame: Frame): Filled {
  const reading = readField(frame, field);
  const name = `{${field.text}}`;
  if (reading.state === 'absent') return { state: 'nothing' };
  if (reading.state === 'unknown') return problem(reading.code, `${name}: ${reading.why}`);
  if (reading.state === 'missing')
    return optional ? { state: 'nothing' } : problem('FIELD_MISSING', `${name}: the event has no such field`);
  const { value } = reading;
  if (value === null || value === '') {
    if (optional) return { state: 'nothing' };
    return problem(value === null ? 'FIELD_NULL' : 'FIELD_EMPTY', `${name} is ${value === null ? 'null' : 'empty'}`);
  }
  if (typeof value === 'object')
    return problem('FIELD_NOT_SCALAR', `${name} is ${Array.isArray(value) ? 'an array' : 'an object'}`);
  if (
    typeof value === 'number' &&
    (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))
  )
    return problem('FIELD_INEXACT', `${name} is a number beyond 2^53, its last digits are lost; send it as a string`);
  const text = String(value);
  const bad = textProblem(text);
  return bad === null ? { state: 'text', text } : problem('FIELD_UNSAFE', `${name} ${bad}`);
}

const problem = (code: string, message: string): Filled => ({ state: 'problem', code, message });

/** Whether some values could make the template give this text. Linear: literals are found from left to right. */
export function couldGive(template: Template, text: string): boolean {
  let at = 0;
  let open = 0;
  for (const [i, part] of template.parts.entries()) {
    if (typeof part !== 'string') {
      open++;
      continue;
    }
    const last = i === template.parts.length - 1;
    // Every field takes one character at least, so the earliest place for a literal never rules out a later one.
    const found =
      open === 0
        ? text.startsWith(part, at)
          ? at
          : -1
        : last
          ? text.length - part.length
          : text.indexOf(part, at + open);
    if (found < at + open || !text.startsWith(part, found)) return false;
    at = found + part.length;
    open = 0;
  }
  return open === 0 ? at === text.length : text.length - at >= open;
}
