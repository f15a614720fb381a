import type { JsonValue } from '../../model/json.ts';

/** Turns a value's text form into what contracts read. */
export type ValueDecoder = (text: string) => JsonValue;

const asText: ValueDecoder = (text) => text;

/** Integers are numbers as long as they are exact: a rounded id would make another row's key. */
const asInteger: ValueDecoder = (text) => {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : text;
};

/** JSON has no word for NaN and the infinities: they stay text. */
const asFloat: ValueDecoder = (text) => {
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
};

const asBoolean: ValueDecoder = (text) => text === 't';

const LONG_NUMBER = /\d{16}/;
/** A string (left alone), or an integer literal long enough to be inexact. */
const STRING_OR_LONG_INTEGER = /"(?:[^"\\]|\\.)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g;

/** As for integers: a number inside a document that would be rounded becomes its text. */
const asJson: ValueDecoder = (text) => {
  const exact = LONG_NUMBER.test(text)
    ? text.replace(STRING_OR_LONG_INTEGER, (literal) =>
        literal.startsWith('"') || Number.isSafeInteger(Number(literal)) ? literal : `"${literal}"`,
      )
    : text;
  try {
    return JSON.parse(exact) as JsonValue;
  } catch {
    return text;
  }
};

/** By the fixed object ids of PostgreSQL's built-in types. Numeric stays text, because its digits are its meaning. */
const DECODERS: ReadonlyMap<number, ValueDecoder> = new Map([
  [16, asBoolean],
  [20, asInteger],
  [21, asInteger],
  [23, asInteger],
  [26, asInteger],
  [700, asFloat],
  [701, asFloat],
  [114, asJson],
  [3802, asJson],
]);

export function valueDecoder(typeOid: number): ValueDecoder {
  return DECODERS.get(typeOid) ?? asText;
}
