import { types } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { TidemarkError } from '../../errors.ts';
import type { Serializer } from '../shared.ts';

/**
 * V8's own: what comes back is what an entry of this process would hold, with Date, Map, Set, BigInt, typed arrays and
 * references between them. Part of the id is V8's format version, which a deploy of a newer Node may change (anomaly D21).
 */
export const v8Serializer: Serializer = {
  id: `v8-${serialize(null)[1] ?? 0}`,
  serialize: (value) => {
    assertKept(value, insideOf);
    return serialize(value);
  },
  deserialize: (bytes) => deserialize(bytes) as unknown,
};

/** For programs in other languages, and to be read by people. Refuses what JSON would change, such as dates. */
export const jsonSerializer: Serializer = {
  id: 'json',
  serialize: (value) => {
    assertKept(value, insideOfJson);
    return Buffer.from(JSON.stringify(value));
  },
  deserialize: (bytes) => JSON.parse(Buffer.from(bytes).toString()) as unknown,
};

/** Objects looked at before a value counts as too large for a shared layer: some tens of milliseconds. */
const OBJECTS_MAX = 1_000_000;

/**
 * Refuses what would come back as something else: an instance of a class loses its methods, a function and a symbol
 * cannot be written at all.
 *
 * @throws VALUE_UNSERIALIZABLE with the place in the value
 */
function assertKept(value: unknown, inside: (value: object, path: string) => Inside): void {
  const seen = new Set<object>();
  const left: { readonly value: unknown; readonly path: string }[] = [{ value, path: 'value' }];
  for (let one = left.pop(); one; one = left.pop()) {
    if (typeof one.value === 'function' || typeof one.value === 'symbol') refuse(one.path, `a ${typeof one.value}`);
    if (inside === insideOfJson && isLostInJson(one.value)) refuse(one.path, String(one.value));
    if (typeof one.value !== 'object' || one.value === null || seen.has(one.value)) continue;
    if (seen.size >= OBJECTS_MAX) refuse('value', `more than ${OBJECTS_MAX} objects`);
    seen.add(one.value);
    const { path } = one;
    for (const [name, inner] of inside(one.value, path)) left.push({ value: inner, path: `${path}.${name}` });
  }
}

type Inside = readonly (readonly [string, unknown])[];

function insideOf(value: object, path: string): Inside {
  if (types.isMap(value)) {
    const pairs = Array.from(value);
    return pairs.flatMap(([key, one], index): Inside => [
      [`keys.${index}`, key],
      [`values.${index}`, one],
    ]);
  }
  if (types.isSet(value)) return Array.from(value, (one, index) => [String(index), one]);
  const isOpaque =
    types.isDate(value) || types.isRegExp(value) || types.isAnyArrayBuffer(value) || ArrayBuffer.isView(value);
  return isOpaque ? [] : insideOfJson(value, path);
}

function insideOfJson(value: object, path: string): Inside {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) {
    const { name } = (value as { constructor?: { name?: string } }).constructor ?? {};
    refuse(path, `an instance of ${name ?? 'a class'}`);
  }
  return Object.entries(value);
}

function isLostInJson(value: unknown): boolean {
  return typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value));
}

function refuse(path: string, what: string): never {
  throw new TidemarkError('VALUE_UNSERIALIZABLE', `${path} is ${what}`);
}
