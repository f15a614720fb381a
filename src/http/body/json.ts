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

/** Before anything recursive sees the text: depth, and integers that JavaScript would round. */
function scan(text: string, depthMax: number): void {
  const token = /"(?:[^"\\]|\\.)*"|[[{]|[\]}]|-?\d+(?![\d.eE])|-?\d[\d.eE+-]*/gs;
  let depth = 0;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const [found] = match;
    if (found === '[' || found === '{') {
      if (++depth > depthMax) throw new Refusal('JSON_DEPTH', `the body is nested deeper than ${String(depthMax)}`);
    } else if (found === ']' || found === '}') {
      depth--;
    } else if (found.length > 15 && /^-?\d+$/.test(found) && !Number.isSafeInteger(Number(found))) {
      throw new Refusal('JSON_NUMBER', `the integer ${found.slice(0, 40)} is too large to be kept exactly`);
    }
  }
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
