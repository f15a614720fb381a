import type { JsonValue } from '../../model/json.ts';
import { Refusal } from '../refusal.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** JSON from outside: bounded in depth, and refused where reading it would change what was meant. */
export function parseJson(bytes: Uint8Array, depthMax: number): JsonValue {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw new Refusal('JSON_SYNTAX', 'the body is not UTF-8');
  }
  scan(text, depthMax);
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (error) {
    throw new Refusal('JSON_SYNTAX', `the body is not valid JSON: ${(error as Error).message}`);
  }
  walk(value, '');
  return value;
}

const QUOTE = 34;
const BACKSLASH = 92;
const MINUS = 45;
const isOpening = (char: number): boolean => char === 91 || char === 123;
const isClosing = (char: number): boolean => char === 93 || char === 125;
const isDigit = (char: number): boolean => char >= 48 && char <= 57;

/**
 * Before anything recursive sees the text: depth, and integers that JavaScript would round. One pass without going
 * back, whatever the text is; what is not JSON is left to the parser.
 */
function scan(text: string, depthMax: number): void {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) at = endOfString(text, at);
    else if (isOpening(char)) {
      if (++depth > depthMax) throw new Refusal('JSON_DEPTH', `the body is nested deeper than ${String(depthMax)}`);
    } else if (isClosing(char)) depth--;
    else if (isDigit(char) || char === MINUS) {
      const end = endOfNumber(text, at);
      // Fewer digits than these are always exact.
      if (end - at > 15) exactInteger(text.slice(at, end));
      at = end - 1;
    }
  }
}

/** The index of the closing quote, or the end. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  for (; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) return at;
    if (char === BACKSLASH) at++;
  }
  return at;
}

function endOfNumber(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && '0123456789.eE+-'.includes(text.charAt(at))) at++;
  return at;
}

/** Fractions are rounded everywhere and by everybody; an integer is an identifier. */
function exactInteger(number: string): void {
  if (!/^-?\d+$/.test(number) || Number.isSafeInteger(Number(number))) return;
  throw new Refusal('JSON_NUMBER', `the integer ${number.slice(0, 40)} is too large to be kept exactly`);
}

function walk(value: JsonValue, path: string): void {
  if (typeof value === 'string') wellFormed(value, path);
  else if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new Refusal('JSON_NUMBER', `${path || 'the body'} is too large a number`);
  } else if (Array.isArray(value)) {
    for (const [index, item] of (value as readonly JsonValue[]).entries()) walk(item, `${path}[${String(index)}]`);
  } else if (value !== null && typeof value === 'object') {
    for (const [key, item] of Object.entries(value)) {
      const at = path ? `${path}.${key}` : key;
      wellFormed(key, at);
      const poison = key === '__proto__' || (key === 'constructor' && isObjectWith(item, 'prototype'));
      if (poison) throw new Refusal('JSON_KEY', `the field ${at} is not accepted`);
      walk(item, at);
    }
  }
}

function wellFormed(text: string, path: string): void {
  if (/\p{Cs}/u.test(text)) throw new Refusal('JSON_TEXT', `${path || 'the body'} holds half a surrogate pair`);
}

function isObjectWith(value: unknown, key: string): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key);
}
