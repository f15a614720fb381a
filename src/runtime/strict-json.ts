import type { JsonValue } from '../model/json.ts';

/** Deeper than any document people write; shallow enough for every recursive reader behind this door. */
const DEPTH_MAX = 100;

/** A double has 17 significant digits and 3 of exponent; identifiers in the wild stay below 40. */
const NUMBER_CHARS_MAX = 64;

/** Of a member name in a message: enough to find it. */
const NAME_CHARS_MAX = 60;

export type StrictJson =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly code: JsonProblem; readonly message: string };

export type JsonProblem = 'JSON_TEXT' | 'JSON_SYNTAX' | 'JSON_DEPTH' | 'JSON_KEY' | 'JSON_NUMBER';

/**
 * JSON from outside, in time linear in its length. Refused is what two readers could understand differently (a member
 * given twice, a number beyond a double's range, half a surrogate pair, bytes that are not UTF-8), what could change
 * objects it is copied into (`__proto__`, `constructor.prototype`), NUL, and nesting beyond 100.
 *
 * An integer that a double cannot hold becomes a string of its digits: `12345678901234567890` would otherwise round
 * to `...7000`, and a key made of it would be another key than the application's.
 */
export function parseStrictJson(input: Uint8Array | string): StrictJson {
  let text: string;
  try {
    text = typeof input === 'string' ? input : new TextDecoder('utf-8', { fatal: true }).decode(input);
  } catch {
    return { ok: false, code: 'JSON_TEXT', message: 'it is not UTF-8' };
  }
  const scan = new Scan(text);
  try {
    scan.run();
    // The original is judged by the language's own grammar, also when a rewritten text is what gets returned:
    // quoting a number could make valid what was not (as a member name).
    const value = JSON.parse(text) as JsonValue;
    return { ok: true, value: scan.isRewritten ? (JSON.parse(scan.rewritten()) as JsonValue) : value };
  } catch (error) {
    if (error instanceof Problem) return { ok: false, code: error.code, message: error.message };
    return { ok: false, code: 'JSON_SYNTAX', message: `it is not JSON${place(text, error)}` };
  }
}

class Problem extends Error {
  readonly code: JsonProblem;

  constructor(code: JsonProblem, message: string) {
    super(message);
    this.code = code;
  }
}

interface Frame {
  /** Member names seen; `null` in an array. */
  readonly names: Set<string> | null;
  /** The member or index the scan is in. */
  at: string | number;
  /** In an object: a string here would be a member name. */
  nameNext: boolean;
}

/** Walks tokens without judging grammar, which is `JSON.parse`'s part: for valid JSON both see the same tokens. */
class Scan {
  readonly #text: string;
  readonly #frames: Frame[] = [];
  readonly #wide: { readonly from: number; readonly to: number }[] = [];
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isRewritten(): boolean {
    return this.#wide.length > 0;
  }

  /** The text with each integer that a double cannot hold in quotes. */
  rewritten(): string {
    const parts: string[] = [];
    let copied = 0;
    for (const { from, to } of this.#wide) {
      parts.push(this.#text.slice(copied, from), '"', this.#text.slice(from, to), '"');
      copied = to;
    }
    parts.push(this.#text.slice(copied));
    return parts.join('');
  }

  run(): void {
    const text = this.#text;
    while (this.#position < text.length) {
      const char = text.charCodeAt(this.#position);
      if (char === 0x22) this.#string();
      else if (char === 0x2d || (char >= 0x30 && char <= 0x39)) this.#number();
      else {
        this.#punctuation(char);
        this.#position++;
      }
    }
  }

  #punctuation(char: number): void {
    const frame = this.#frames.at(-1);
    if (char === 0x7b || char === 0x5b) {
      if (this.#frames.length === DEPTH_MAX) {
        throw new Problem('JSON_DEPTH', `it is nested deeper than ${DEPTH_MAX}`);
      }
      const isObject = char === 0x7b;
      this.#frames.push({ names: isObject ? new Set() : null, at: isObject ? '' : 0, nameNext: isObject });
    } else if (char === 0x7d || char === 0x5d) this.#frames.pop();
    else if (char === 0x2c && frame) {
      if (typeof frame.at === 'number') frame.at++;
      else frame.nameNext = true;
    }
  }

  #string(): void {
    const text = this.#text;
    const from = this.#position;
    let escaped = false;
    let at = from + 1;
    for (let char = text.charCodeAt(at); char !== 0x22; char = text.charCodeAt(at)) {
      // Past the end `charCodeAt` is NaN: the string has no end, which JSON.parse will say.
      if (Number.isNaN(char)) break;
      if (char === 0x5c) {
        escaped = true;
        at += text[at + 1] === 'u' ? this.#unicodeEscape(at) : 2;
      } else at++;
    }
    this.#position = at + 1;
    const frame = this.#frames.at(-1);
    if (frame?.names && frame.nameNext) this.#name(frame, frame.names, text.slice(from, at + 1), escaped);
  }

  /** Checks `\uXXXX` and returns its length, that of both halves of a pair. */
  #unicodeEscape(at: number): number {
    const unit = parseInt(this.#text.slice(at + 2, at + 6), 16);
    if (unit === 0) throw new Problem('JSON_TEXT', `${this.#here()} holds NUL`);
    if (unit < 0xd800 || unit > 0xdfff || Number.isNaN(unit)) return 6;
    const low = this.#text.startsWith('\\u', at + 6) ? parseInt(this.#text.slice(at + 8, at + 12), 16) : 0;
    if (unit > 0xdbff || low < 0xdc00 || low > 0xdfff) {
      throw new Problem('JSON_TEXT', `${this.#here()} holds half a surrogate pair`);
    }
    return 12;
  }

  #name(frame: Frame, names: Set<string>, quoted: string, escaped: boolean): void {
    const name = escaped ? unescaped(quoted) : quoted.slice(1, -1);
    const parent = this.#frames.at(-2)?.at;
    frame.nameNext = false;
    frame.at = name;
    if (name === '__proto__' || (name === 'prototype' && parent === 'constructor')) {
      throw new Problem('JSON_KEY', `the member ${this.#here()} is not accepted`);
    }
    if (names.has(name)) throw new Problem('JSON_KEY', `the member ${this.#here()} is given twice`);
    names.add(name);
  }

  #number(): void {
    const from = this.#position;
    let at = from + 1;
    while ('0123456789.eE+-'.includes(this.#text.charAt(at)) && at < this.#text.length) at++;
    this.#position = at;
    if (at - from > NUMBER_CHARS_MAX) {
      throw new Problem('JSON_NUMBER', `${this.#here()} is a number of ${at - from} characters`);
    }
    const literal = this.#text.slice(from, at);
    const value = Number(literal);
    // NaN is no number at all, which JSON.parse will say.
    if (value === Infinity || value === -Infinity) {
      throw new Problem('JSON_NUMBER', `${this.#here()} is a number too large for a double`);
    }
    if (at - from > 15 && /^-?[1-9]\d*$/.test(literal) && !Number.isSafeInteger(value)) {
      this.#wide.push({ from, to: at });
    }
  }

  /** Where the scan is, as `data.items[3].id`; only built for a message. */
  #here(): string {
    const path = this.#frames
      .map(({ at }) => (typeof at === 'number' ? `[${at}]` : `.${at.slice(0, NAME_CHARS_MAX)}`))
      .join('')
      .replace(/^\./, '');
    return path === '' ? 'the document' : path;
  }
}

/** A wrong escape is left as it stands: JSON.parse refuses the whole document for it. */
function unescaped(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted;
  }
}

/** Line and column of a syntax error, from the engine's message; the text itself is not quoted. */
function place(text: string, error: unknown): string {
  const found = /position (\d+)/.exec(error instanceof Error ? error.message : '');
  if (!found) return ': it ends too early or holds something else';
  const before = text.slice(0, Number(found[1])).split('\n');
  return ` at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}
