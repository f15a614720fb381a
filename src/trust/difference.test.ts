import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compare } from './difference.ts';

const where = (cached: unknown, loaded: unknown, values = false): readonly string[] => {
  const compared = compare(cached, loaded, { values });
  return compared.verdict === 'different' ? compared.where : [];
};

/** The same value with its keys in another order. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, held]) => [key, turned(held)]),
  );
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, held: unknown) =>
    typeof held === 'object' && held !== null && !Array.isArray(held)
      ? Object.fromEntries(Object.entries(held).sort(([a], [b]) => (a < b ? -1 : 1)))
      : held,
  );
}

describe('two values are the same', () => {
  it('whatever the order of their keys, and only when they hold the same', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        expect(compare(a, turned(a)).verdict).toBe('equal');
        expect(compare(a, b).verdict === 'equal').toBe(canonical(a) === canonical(b));
        expect(compare(b, a).verdict).toBe(compare(a, b).verdict);
      }),
    );
  });

  it.each([
    [new Date(5), new Date(5)],
    [new Date(NaN), new Date(NaN)],
    [NaN, NaN],
    [0, -0],
    [10n, 10n],
    [Buffer.from('abc'), new Uint8Array([97, 98, 99])],
    [new Map([['a', { x: 1 }]]), new Map([['a', { x: 1 }]])],
    [new Map([[{ id: 1 }, 1]]), new Map([[{ id: 1 }, 1]])],
    [new Set([1, 2]), new Set([2, 1])],
    [new Set([{ a: 1 }]), new Set([{ a: 1 }])],
    [new Map<unknown, number>([['a', 1], [{ id: 1 }, 2]]), new Map<unknown, number>([['a', 1], [{ id: 1 }, 2]])], // prettier-ignore
    [new Set([1, { a: 1 }]), new Set([1, { a: 1 }])],
    [new Map([[null, 1], ['a', 2]]), new Map([['a', 2], [null, 1]])], // prettier-ignore
    [Object.create(null), {}],
    [{ toString: () => 'a' }, {}],
    [{ a: 1, b: undefined }, { a: 1 }],
    [
      { a: 1, f: () => 1 },
      { a: 1, f: () => 2 },
    ],
    [[() => 1], [Symbol('x')]],
    [/a/g, /a/g],
  ])('%o and %o', (a, b) => {
    expect(compare(a, b)).toEqual({ verdict: 'equal' });
  });

  it('when the members of a class are, whatever its text says', () => {
    class Looked {
      readonly id = 1;
      readonly #at: number;
      constructor(at: number) {
        this.#at = at;
      }
      toString(): string {
        return `looked at ${this.#at}`;
      }
    }
    expect(compare(new Looked(1), new Looked(2)).verdict).toBe('equal');
  });

  it('with cycles, and at any depth', () => {
    const ring = (): Record<string, unknown> => {
      const one: Record<string, unknown> = { n: 1 };
      one['self'] = one;
      return one;
    };
    expect(compare(ring(), ring()).verdict).toBe('equal');
    const deep = (end: number): unknown => {
      let value: unknown = end;
      for (let i = 0; i < 15_000; i++) value = [value];
      return value;
    };
    expect(compare(deep(1), deep(1)).verdict).toBe('equal');
    expect(compare(deep(1), deep(2)).verdict).toBe('different');
  });
});

describe('two values differ', () => {
  it.each([
    [{ price: 10 }, { price: 12 }, 'price differs (a number)'],
    [{ price: 10 }, { price: '10' }, 'price is a number in the cache, a string at the source'],
    [{ price: 10 }, { price: null }, 'price is a number in the cache, null at the source'],
    [{ a: { 'odd key': [1, { b: 2 }] } }, { a: { 'odd key': [1, { b: 3 }] } }, 'a."odd key"[1].b differs (a number)'],
    [{ a: 1 }, { a: 1, b: 2 }, 'b is only at the source'],
    [{ a: 1, b: 2 }, { a: 1 }, 'b is only in the cache'],
    [[1], [1, 2], 'the value has 1 item in the cache, 2 at the source'],
    [[1, 2], [1], 'the value has 2 items in the cache, 1 at the source'],
    [new Set([1]), new Set(), 'the value has 1 member in the cache, 0 at the source'],
    [null, { a: 1 }, 'the value is null in the cache, an object at the source'],
    [NaN, 1, 'the value differs (a number)'],
    [undefined, 1, 'the value is nothing in the cache, a number at the source'],
    [new Date(1), new Date(2), 'the value differs (a date)'],
    [Buffer.from('a'), Buffer.from('b'), 'the value differs (bytes)'],
    [Buffer.from('ab'), Buffer.from('ac'), 'the value differs (bytes)'],
    [Buffer.from('a'), Buffer.from('aa'), 'the value differs (bytes)'],
    [1n, 2n, 'the value differs (a bigint)'],
    [new Map([['a', 1]]), new Map([['b', 1]]), 'the value has other keys at the source'],
    [new Map([['a', 1]]), new Map([['a', 2]]), '{an entry} differs (a number)'],
    [new Map([['a', 1]]), new Map(), 'the value has 1 entry in the cache, 0 at the source'],
    [new Map(), new Map([['a', 1]]), 'the value has 0 entries in the cache, 1 at the source'],
    [new Map([[{ id: 1 }, 1]]), new Map([[{ id: 2 }, 1]]), '[0].id differs (a number)'],
    [new Set([1]), new Set([2]), 'the value has other members at the source'],
    [new Set([1, 2]), new Set([2]), 'the value has 2 members in the cache, 1 at the source'],
    [new Set([[1]]), new Set([[2]]), '[0][0] differs (a number)'],
    [/a/, /b/, 'the value differs (an object)'],
    [Symbol('a'), 1, 'the value is a symbol in the cache, a number at the source'],
  ])('%o and %o', (a, b, words) => {
    expect(where(a, b)).toEqual([words]);
  });

  it('and no value of theirs is told, unless that is allowed; then little of it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8 }), fc.string({ minLength: 8 }), (a, b) => {
        for (const words of where({ token: a }, { token: b })) expect(words).toBe('token differs (a string)');
      }),
    );
    expect(where({ n: 1, at: new Date(0), big: 1n }, { n: 'x'.repeat(100), at: new Date(1), big: 2n }, true)).toEqual([
      'n is a number in the cache, a string at the source',
      'at is "1970-01-01T00:00:00.000Z" in the cache, "1970-01-01T00:00:00.001Z" at the source',
      'big is 1 in the cache, 2 at the source',
    ]);
    expect(where('x'.repeat(100), 'y', true)).toEqual([
      `the value is "${'x'.repeat(39)}… in the cache, "y" at the source`,
    ]);
  });

  it('in each of the places where the same is held', () => {
    const [one, other] = [{ id: 1 }, { id: 1 }];
    expect(where([[1], [1], one, one], [[2], [2], 3, 3])).toHaveLength(4);
    expect(where([4, 4, one, one], [one, one, 4, 4])).toHaveLength(4);
    expect(where([one, one], [other, other])).toEqual([]);
  });

  it('in more places than anybody reads: five are named', () => {
    expect(where([1, 2, 3, 4, 5, 6, 7], [0, 0, 0, 0, 0, 0, 0])).toHaveLength(5);
  });

  it('at a path that is long: its end is shown', () => {
    const deep = (end: number): unknown => {
      let value: unknown = { end };
      for (let i = 0; i < 100; i++) value = { level: value };
      return value;
    };
    const [words = ''] = where(deep(1), deep(2));
    expect(words).toMatch(/^….*level\.end differs \(a number\)$/);
    expect(words.length).toBeLessThan(220);
    expect(where({ ['k'.repeat(1_000)]: 1 }, { ['k'.repeat(1_000)]: 2 })[0]?.length).toBeLessThan(80);
  });

  it('at a name of 40 letters, which is told as it is, and at one of 41, which is cut', () => {
    const named = (name: string): readonly string[] => where({ [name]: 1 }, { [name]: 2 });
    expect(named('k'.repeat(40))).toEqual([`${'k'.repeat(40)} differs (a number)`]);
    expect(named('k'.repeat(41))).toEqual([`"${'k'.repeat(40)}" differs (a number)`]);
    expect(where('x'.repeat(38), 'y', true)).toEqual([
      `the value is "${'x'.repeat(38)}" in the cache, "y" at the source`,
    ]);
  });

  it('at a path of 200 letters, which is told as it is, and at one of 201, which keeps its last 160', () => {
    const nested = (names: readonly string[], end: number): unknown =>
      names.reduceRight<unknown>((held, name) => ({ [name]: held }), end);
    const path = (last: string): readonly string[] => ['k'.repeat(40), ...Array<string>(4).fill('n'.repeat(38)), last];
    const told = (names: readonly string[]): readonly string[] => where(nested(names, 1), nested(names, 2));
    expect(told(path('end'))).toEqual([`${path('end').join('.')} differs (a number)`]);
    expect(path('end').join('.')).toHaveLength(200);
    expect(told(path('ends'))).toEqual([`…${path('ends').join('.').slice(-160)} differs (a number)`]);
  });
});

it('what is larger than can be compared in one turn is said to be, unless it was seen to differ before', () => {
  const large = (first: number): number[][] => Array.from({ length: 30_000 }, (_, i) => [i === 0 ? first : i]);
  expect(compare(large(0), large(0)).verdict).toBe('too-large');
  expect(compare(large(0), large(1))).toEqual({ verdict: 'different', where: ['[0][0] differs (a number)'] });
});

it('20,000 parts are compared, and what is the very same counts as none', () => {
  const pairs = (count: number): number[][] => Array.from({ length: count }, (_, i) => [i]);
  expect(compare(pairs(19_999), pairs(19_999)).verdict).toBe('equal');
  expect(compare(pairs(20_000), pairs(20_000)).verdict).toBe('too-large');
  const numbers = Array.from({ length: 30_000 }, (_, i) => i);
  expect(compare([...numbers], [...numbers]).verdict).toBe('equal');
  expect(compare({ ...numbers }, { ...numbers }).verdict).toBe('equal');
});
