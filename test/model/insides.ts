import { Session } from 'node:inspector';

const session = new Session();
session.connect();
const sink = globalThis as { __insides?: unknown };

/**
 * Everything that an object holds, private fields included, as text: equal texts, equal futures. Written by the
 * debugger's view of the object, so that no field can be forgotten and production code needs no opening for it.
 */
export function insides(object: object): string {
  const known = new Map<object, number>();
  const out: string[] = [];
  write(object, known, out);
  return out.join('');
}

function write(value: unknown, known: Map<object, number>, out: string[]): void {
  if (typeof value === 'function') out.push('f');
  else if (typeof value !== 'object' || value === null)
    out.push(typeof value === 'string' ? `"${value}"` : String(value));
  else if (known.has(value)) out.push(`@${known.get(value)}`);
  else {
    known.set(value, known.size);
    if (value instanceof Map) writeAll('m', [...value].flat(), known, out);
    else if (value instanceof Set || Array.isArray(value)) writeAll('s', [...(value as Iterable<unknown>)], known, out);
    else {
      const isPlain = Object.getPrototypeOf(value) === Object.prototype;
      writeAll('o', [...Object.values(value), ...(isPlain ? [] : privatesOf(value))], known, out);
    }
  }
}

function writeAll(kind: string, values: readonly unknown[], known: Map<object, number>, out: string[]): void {
  out.push(kind, '(');
  for (const value of values) {
    write(value, known, out);
    out.push(',');
  }
  out.push(')');
}

interface Descriptor {
  readonly value?: {
    readonly type: string;
    readonly value?: unknown;
    readonly unserializableValue?: string;
    readonly objectId?: string;
  };
}

function privatesOf(object: object): unknown[] {
  sink.__insides = object;
  const { result } = post('Runtime.evaluate', { expression: '__insides' }) as { result: { objectId: string } };
  const found = post('Runtime.getProperties', { objectId: result.objectId, ownProperties: true }) as {
    privateProperties?: readonly Descriptor[];
  };
  const values = (found.privateProperties ?? []).map(({ value }) => {
    if (!value) return undefined;
    if (value.objectId === undefined) return value.unserializableValue ?? value.value;
    if (value.type === 'function') return 'f';
    post('Runtime.callFunctionOn', {
      objectId: value.objectId,
      functionDeclaration: 'function () { globalThis.__insides = this; }',
    });
    return sink.__insides;
  });
  post('Runtime.releaseObject', { objectId: result.objectId });
  return values;
}

function post(method: string, parameters: object): unknown {
  let answer: unknown;
  session.post(method, parameters, (error, result) => {
    if (error) throw new Error(`${method}: ${error.message}`);
    answer = result;
  });
  return answer;
}
