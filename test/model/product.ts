/**
 * The world as a product of parts. A part is what changes together: the database, the journal, a process. Its states
 * are numbered as they are met, so a state of the world is a few numbers, and what a rule does is worked out once for
 * each combination of the parts that it touches, by production code, and looked up ever after.
 */
export class Part<S> {
  readonly name: string;
  readonly #states: S[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #known = new WeakMap<object, number>();

  constructor(name: string) {
    this.name = name;
  }

  get size(): number {
    return this.#states.length;
  }

  /** States are plain data that nobody changes; equal data, equal state. */
  number(state: S): number {
    const isObject = typeof state === 'object' && state !== null;
    const same = isObject ? this.#known.get(state) : undefined;
    if (same !== undefined) return same;
    const text = textOf(state);
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.#states.push(state) - 1;
      this.#numbers.set(text, number);
    }
    if (isObject) this.#known.set(state, number);
    return number;
  }

  at(number: number): S {
    return this.#states[number] as S;
  }
}

/** As JSON, with maps and infinities. */
export function textOf(state: unknown): string {
  return JSON.stringify(state, (_, value: unknown) =>
    value instanceof Map
      ? [...(value as Map<unknown, unknown>)]
      : value === Infinity || value === -Infinity
        ? String(value)
        : value,
  );
}

/** What a rule needs of a part, numbered: states that look the same to it are one to it. */
export interface Sight<S = never, V = unknown> {
  readonly of: Part<S>;
  readonly see: (state: S) => V;
}

/** One way on: what is said of it, what becomes of the parts that it changes, and what it broke. */
export interface Move {
  readonly step: string;
  readonly next: readonly unknown[];
  readonly broken?: string | null;
}

/** Where in the world a rule holds: its parts by their place, those that it changes first. */
export interface Place {
  readonly label: string;
  readonly at: readonly number[];
}

/** What may happen between some parts: those that it changes, then what it sees of others. */
export interface Rule {
  readonly changes: readonly Part<never>[];
  readonly sees: readonly Sight[];
  readonly places: readonly Place[];
  readonly moves: (...states: never[]) => readonly Move[];
}

/** What must hold of some parts together. */
export interface Check {
  readonly sees: readonly Sight[];
  readonly places: readonly (readonly number[])[];
  readonly broken: (...states: never[]) => string | null;
}

export interface Product {
  readonly parts: readonly Part<never>[];
  readonly start: readonly unknown[];
  readonly rules: readonly Rule[];
  readonly checks: readonly Check[];
  /** Places of the world that can change roles without anything being different, if there are two. */
  readonly alike: readonly [number, number] | null;
}

/** A move by numbers: what each changed part becomes. */
export interface NumberedMove {
  readonly step: string;
  readonly next: readonly number[];
  readonly broken: string | null;
}

/** A sight's numbers: of each state of its part, which of the things that can be seen it shows. */
class Seen {
  readonly #sight: Sight<unknown>;
  readonly #shown: Part<unknown>;
  readonly #ofState: number[] = [];

  constructor(sight: Sight) {
    this.#sight = sight as unknown as Sight<unknown>;
    this.#shown = new Part(`${sight.of.name}, seen`);
  }

  number(state: number): number {
    return (this.#ofState[state] ??= this.#shown.number(this.#sight.see(this.#sight.of.at(state))));
  }

  at(number: number): unknown {
    return this.#shown.at(number);
  }
}

/** An answer about up to three states of parts, worked out once for each combination of what matters of them. */
export class Remembered<T> {
  /** By the number of the first, of the second, of the third. */
  readonly #answers: T[][][] = [];
  readonly #changes: readonly Part<never>[];
  readonly #sees: readonly Seen[];
  readonly #answer: (states: readonly never[]) => T;

  constructor(changes: readonly Part<never>[], sees: readonly Sight[], answer: (states: readonly never[]) => T) {
    this.#changes = changes;
    this.#sees = sees.map((sight) => new Seen(sight));
    this.#answer = answer;
  }

  /** The answer for a state of the world that begins at `base`; `places`: where in it the parts are. */
  of(words: ArrayLike<number>, base: number, places: readonly number[]): T {
    const first = this.#number(0, words, base, places);
    const second = this.#number(1, words, base, places);
    const third = this.#number(2, words, base, places);
    const row = ((this.#answers[first] ??= [])[second] ??= []);
    return (row[third] ??= this.#work([first, second, third].slice(0, places.length)));
  }

  #number(index: number, words: ArrayLike<number>, base: number, places: readonly number[]): number {
    if (index >= places.length) return 0;
    const state = words[base + places[index]!]!;
    const changed = this.#changes.length;
    return index < changed ? state : this.#sees[index - changed]!.number(state);
  }

  #work(numbers: readonly number[]): T {
    const states = numbers.map((number, i) => {
      const part = this.#changes[i] ?? this.#sees[i - this.#changes.length]!;
      return part.at(number);
    });
    return this.#answer(states as never[]);
  }
}

export function numbered(rule: Rule): Remembered<readonly NumberedMove[]> {
  return new Remembered(rule.changes, rule.sees, (states) =>
    rule.moves(...states).map(({ step, next, broken }) => ({
      step,
      next: next.map((state, i) => (rule.changes[i] as Part<unknown>).number(state)),
      broken: broken ?? null,
    })),
  );
}
