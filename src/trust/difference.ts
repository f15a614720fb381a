/** How two values compare. `where` says in words where they differ, by paths; never more than a handful. */
export type Comparison =
  | { readonly verdict: 'equal' }
  | { readonly verdict: 'different'; readonly where: readonly string[] }
  /** More parts than are compared in one go, and no difference in those that were. */
  | { readonly verdict: 'too-large' };

export interface CompareOptions {
  /** Whether the words may show what the values hold. Default false: paths, kinds and counts only. */
  readonly values?: boolean;
}

/** About 20 ms of comparing: a reader may feel that, and no more. */
const PARTS_MAX = 20_000;

/** Enough to see what kind of change was missed. */
const WHERE_MAX = 5;

/** A name in a path, and a value that may be shown: recognisable, and not a document. */
const TEXT_MAX = 40;

interface Pair {
  readonly path: string;
  readonly cached: unknown;
  readonly loaded: unknown;
}

/**
 * Compares two JSON-like values: the order of object keys does not matter, `undefined` is the same as absent, dates,
 * buffers, maps, sets and bigints are compared by what they hold. What cannot be compared from outside (functions,
 * symbols) is passed over: it must not raise an alarm. No recursion, so depth and cycles are harmless.
 */
export function compare(cached: unknown, loaded: unknown, options: CompareOptions = {}): Comparison {
  const where: string[] = [];
  const seen = new Map<object, Set<object>>();
  const open: Pair[] = [{ path: '', cached, loaded }];
  let parts = 0;
  for (let pair = open.pop(); pair && where.length < WHERE_MAX; pair = open.pop()) {
    if (++parts > PARTS_MAX) return where.length > 0 ? { verdict: 'different', where } : { verdict: 'too-large' };
    if (wasSeen(pair, seen)) continue;
    const step = comparePair(pair, options);
    if (typeof step === 'string') where.push(step);
    // In reverse, so that the first member is looked at first.
    else for (const next of [...step].reverse()) open.push(next);
  }
  return where.length === 0 ? { verdict: 'equal' } : { verdict: 'different', where };
}

/** How they differ in words, or what is to be compared below them. */
type Step = string | readonly Pair[];

const SAME: Step = [];

/** A cycle leads back to a pair that is compared already. */
function wasSeen({ cached, loaded }: Pair, seen: Map<object, Set<object>>): boolean {
  if (!isObject(cached) || !isObject(loaded)) return false;
  const others = seen.get(cached) ?? new Set();
  if (others.has(loaded)) return true;
  others.add(loaded);
  seen.set(cached, others);
  return false;
}

function comparePair(pair: Pair, options: CompareOptions): Step {
  const { cached, loaded } = pair;
  if (cached === loaded || (Number.isNaN(cached) && Number.isNaN(loaded))) return SAME;
  if (isOpaque(cached) && isOpaque(loaded)) return SAME;
  const kind = kindOf(cached);
  const other = kindOf(loaded);
  if (kind !== other) return `${at(pair.path)} is ${kind} in the cache, ${other} at the source`;
  switch (kind) {
    case 'an array':
      return compareArrays(pair, cached as readonly unknown[], loaded as readonly unknown[]);
    case 'bytes':
      return sameBytes(cached as ArrayBufferView, loaded as ArrayBufferView) ? SAME : changed(pair, {});
    case 'a date':
      return Object.is((cached as Date).getTime(), (loaded as Date).getTime()) ? SAME : changed(pair, options);
    case 'a map':
      return compareMaps(pair, cached as ReadonlyMap<unknown, unknown>, loaded as ReadonlyMap<unknown, unknown>);
    case 'a set':
      return compareSets(pair, cached as ReadonlySet<unknown>, loaded as ReadonlySet<unknown>);
    case 'an object':
      return compareObjects(pair, cached as object, loaded as object, options);
    default:
      return changed(pair, options);
  }
}

function compareArrays(pair: Pair, cached: readonly unknown[], loaded: readonly unknown[]): Step {
  if (cached.length !== loaded.length) return counts(pair, [cached.length, loaded.length], 'item', 'items');
  return [...cached.keys()]
    .filter((i) => cached[i] !== loaded[i])
    .map((i) => ({ path: clip(`${pair.path}[${i}]`), cached: cached[i], loaded: loaded[i] }));
}

function compareObjects(pair: Pair, cached: object, loaded: object, options: CompareOptions): Step {
  const mine = presentKeys(cached);
  const theirs = presentKeys(loaded);
  const missing = [...theirs].find((key) => !mine.has(key));
  const extra = [...mine].find((key) => !theirs.has(key));
  if (missing !== undefined) return `${at(member(pair, missing))} is only at the source`;
  if (extra !== undefined) return `${at(member(pair, extra))} is only in the cache`;
  // What an object of a class shows only as text (an error, a pattern, a decimal of a library) is compared as that.
  if (mine.size === 0 && textOf(cached) !== textOf(loaded)) return changed(pair, options);
  return [...mine]
    .filter((key) => valueAt(cached, key) !== valueAt(loaded, key))
    .map((key) => ({ path: member(pair, key), cached: valueAt(cached, key), loaded: valueAt(loaded, key) }));
}

/** Keys that are objects are told apart by what they hold, so maps with such keys are compared in their order. */
function compareMaps(pair: Pair, cached: ReadonlyMap<unknown, unknown>, loaded: ReadonlyMap<unknown, unknown>): Step {
  if (cached.size !== loaded.size) return counts(pair, [cached.size, loaded.size], 'entry', 'entries');
  if ([...cached.keys()].some(isObject)) return compareArrays(pair, [...cached].flat(), [...loaded].flat());
  for (const key of cached.keys()) if (!loaded.has(key)) return `${at(pair.path)} has other keys at the source`;
  const path = clip(`${pair.path}{an entry}`);
  return Array.from(cached, ([key, value]) => ({ path, cached: value, loaded: loaded.get(key) }));
}

function compareSets(pair: Pair, cached: ReadonlySet<unknown>, loaded: ReadonlySet<unknown>): Step {
  if (cached.size !== loaded.size) return counts(pair, [cached.size, loaded.size], 'member', 'members');
  if ([...cached].some(isObject)) return compareArrays(pair, [...cached], [...loaded]);
  for (const one of cached) if (!loaded.has(one)) return `${at(pair.path)} has other members at the source`;
  return SAME;
}

function sameBytes(cached: ArrayBufferView, loaded: ArrayBufferView): boolean {
  const mine = new Uint8Array(cached.buffer, cached.byteOffset, cached.byteLength);
  const theirs = new Uint8Array(loaded.buffer, loaded.byteOffset, loaded.byteLength);
  return mine.length === theirs.length && mine.every((byte, i) => byte === theirs[i]);
}

function changed({ path, cached, loaded }: Pair, { values = false }: CompareOptions): Step {
  return values
    ? `${at(path)} is ${shown(cached)} in the cache, ${shown(loaded)} at the source`
    : `${at(path)} differs (${kindOf(cached)})`;
}

function counts({ path }: Pair, [mine, theirs]: readonly [number, number], one: string, many: string): Step {
  return `${at(path)} has ${mine} ${mine === 1 ? one : many} in the cache, ${theirs} at the source`;
}

const at = (path: string): string => (path === '' ? 'the value' : path);

function member({ path }: Pair, key: string): string {
  const name = /^[A-Za-z_$][\w$]*$/.test(key) && key.length <= TEXT_MAX ? key : JSON.stringify(key.slice(0, TEXT_MAX));
  return clip(path === '' ? name : `${path}.${name}`);
}

/** Deep paths keep their end, which is where the difference is. */
function clip(path: string): string {
  return path.length <= 5 * TEXT_MAX ? path : `…${path.slice(-4 * TEXT_MAX)}`;
}

function shown(value: unknown): string {
  const text = typeof value === 'bigint' || isObject(value) ? textOf(value) : JSON.stringify(value);
  return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX)}…`;
}

function textOf(value: object | bigint): string {
  if (value instanceof Date) return JSON.stringify(value);
  // eslint-disable-next-line @typescript-eslint/no-base-to-string -- the text of a class that says nothing is the same on both sides
  return String(isPlain(value) ? {} : value);
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const isOpaque = (value: unknown): boolean => typeof value === 'function' || typeof value === 'symbol';

/** Has no text of its own: one without a prototype cannot even be asked for it. */
function isPlain(value: object | bigint): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'nothing';
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Date) return 'a date';
  if (ArrayBuffer.isView(value)) return 'bytes';
  if (value instanceof Map) return 'a map';
  if (value instanceof Set) return 'a set';
  return 'an object';
}

const valueAt = (value: object, key: string): unknown => (value as Readonly<Record<string, unknown>>)[key];

/** Members that hold something to compare. */
function presentKeys(value: object): Set<string> {
  return new Set(
    Object.keys(value).filter((key) => {
      const held = valueAt(value, key);
      return held !== undefined && !isOpaque(held);
    }),
  );
}
