import { isPattern } from './pattern.ts';

/** Contracts of one trigger, told apart by the source they ask for, so that other sources' contracts cost nothing. */
class Bucket {
  readonly #any: number[] = [];
  readonly #bySource = new Map<string, number[]>();

  add(contract: number, source: string | undefined): void {
    if (source === undefined) {
      this.#any.push(contract);
      return;
    }
    const list = this.#bySource.get(source);
    if (list) list.push(contract);
    else this.#bySource.set(source, [contract]);
  }

  collect(source: string, into: Set<number>): void {
    for (const contract of this.#any) into.add(contract);
    for (const contract of this.#bySource.get(source) ?? []) into.add(contract);
  }
}

interface Branch {
  readonly named: Map<string, Branch>;
  any: Branch | null;
  /** A pattern ends here. */
  end: Bucket | null;
  /** A pattern ends here with `*`: this many segments and any number more. */
  rest: Bucket | null;
}

const branch = (): Branch => ({ named: new Map(), any: null, end: null, rest: null });

/**
 * From an event type to the contracts it triggers. Exact types are one look-up; patterns are a trie over segments,
 * of which only the branches that match so far are walked. Neither grows with contracts that do not match.
 */
export class TriggerIndex {
  readonly #exact = new Map<string, Bucket>();
  readonly #patterns: Branch = branch();
  #hasPatterns = false;

  add(trigger: string, contract: number, source: string | undefined): void {
    if (!isPattern(trigger)) {
      const bucket = this.#exact.get(trigger) ?? new Bucket();
      this.#exact.set(trigger, bucket);
      bucket.add(contract, source);
      return;
    }
    this.#hasPatterns = true;
    const segments = trigger.split('.');
    const open = segments.at(-1) === '*';
    if (open) segments.pop();
    let at = this.#patterns;
    for (const segment of segments) at = descend(at, segment);
    const bucket = (open ? at.rest : at.end) ?? new Bucket();
    if (open) at.rest = bucket;
    else at.end = bucket;
    bucket.add(contract, source);
  }

  /** Contracts in the order they were added. */
  find(type: string, source: string): number[] {
    const found = new Set<number>();
    this.#exact.get(type)?.collect(source, found);
    if (this.#hasPatterns) collect(this.#patterns, type.split('.'), 0, source, found);
    return found.size > 1 ? [...found].sort((a, b) => a - b) : [...found];
  }
}

function descend(from: Branch, segment: string): Branch {
  if (segment === '*') return (from.any ??= branch());
  const known = from.named.get(segment);
  if (known) return known;
  const made = branch();
  from.named.set(segment, made);
  return made;
}

/** Goes no deeper than the longest pattern, however many segments an event type has. */
function collect(at: Branch, segments: readonly string[], depth: number, source: string, into: Set<number>): void {
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
