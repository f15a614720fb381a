import { isPattern } from './pattern.ts';

/** What triggers lead to. */
interface Indexed {
  readonly source: string | undefined;
  /** Its place in what `find` gives. */
  readonly order: number;
}

/** Contracts of one trigger, told apart by the source they ask for, so that other sources' contracts cost nothing. */
class Bucket<T extends Indexed> {
  readonly #any: T[] = [];
  readonly #bySource = new Map<string, T[]>();

  add(contract: T): void {
    const { source } = contract;
    if (source === undefined) {
      this.#any.push(contract);
      return;
    }
    const list = this.#bySource.get(source);
    if (list) list.push(contract);
    else this.#bySource.set(source, [contract]);
  }

  collect(source: string, into: Set<T>): void {
    for (const contract of this.#any) into.add(contract);
    for (const contract of this.#bySource.get(source) ?? []) into.add(contract);
  }
}

interface Branch<T extends Indexed> {
  readonly named: Map<string, Branch<T>>;
  any: Branch<T> | null;
  /** A pattern ends here. */
  end: Bucket<T> | null;
  /** A pattern ends here with `*`: this many segments and any number more. */
  rest: Bucket<T> | null;
}

const branch = <T extends Indexed>(): Branch<T> => ({ named: new Map(), any: null, end: null, rest: null });

/**
 * From an event type to the contracts it triggers. Exact types are one look-up; patterns are a trie over segments,
 * of which only the branches that match so far are walked. Neither grows with contracts that do not match.
 */
export class TriggerIndex<T extends Indexed> {
  readonly #exact = new Map<string, Bucket<T>>();
  readonly #patterns: Branch<T> = branch();

  add(trigger: string, contract: T): void {
    if (!isPattern(trigger)) {
      const bucket = this.#exact.get(trigger) ?? new Bucket<T>();
      this.#exact.set(trigger, bucket);
      bucket.add(contract);
      return;
    }
    const segments = trigger.split('.');
    const open = segments.at(-1) === '*';
    if (open) segments.pop();
    let at = this.#patterns;
    for (const segment of segments) at = descend(at, segment);
    const bucket = (open ? at.rest : at.end) ?? new Bucket<T>();
    if (open) at.rest = bucket;
    else at.end = bucket;
    bucket.add(contract);
  }

  /** Each once, in their order. */
  find(type: string, source: string): T[] {
    const found = new Set<T>();
    this.#exact.get(type)?.collect(source, found);
    collect(this.#patterns, type.split('.'), 0, source, found);
    return [...found].sort((a, b) => a.order - b.order);
  }
}

function descend<T extends Indexed>(from: Branch<T>, segment: string): Branch<T> {
  if (segment === '*') return (from.any ??= branch<T>());
  const known = from.named.get(segment);
  if (known) return known;
  const made = branch<T>();
  from.named.set(segment, made);
  return made;
}

/** Goes no deeper than the longest pattern, however many segments an event type has. */
function collect<T extends Indexed>(
  at: Branch<T>,
  segments: readonly string[],
  depth: number,
  source: string,
  into: Set<T>,
): void {
  const segment = segments[depth];
  if (segment === undefined) {
    at.end?.collect(source, into);
    return;
  }
  at.rest?.collect(source, into);
  const named = at.named.get(segment);
  if (named) collect(named, segments, depth + 1, source, into);
  if (at.any) collect(at.any, segments, depth + 1, source, into);
}
