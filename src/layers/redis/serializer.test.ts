import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { disclose, enclose } from './envelope.ts';
import { jsonSerializer, v8Serializer } from './serializer.ts';

const MB = 1024 * 1024;

class Money {
  readonly cents = 5;
}

describe.each([
  ['v8', v8Serializer],
  ['json', jsonSerializer],
])('%s', (_, serializer) => {
  const trip = async (value: unknown, above = 100): Promise<unknown> =>
    (await disclose(await enclose({ value, ahead: false }, serializer, above), serializer, MB)).value;

  it('gives back any plain value, compressed or not', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.integer({ min: 0, max: 200 }), async (value, above) => {
        // JSON has no -0.
        const plain: unknown = JSON.parse(JSON.stringify(value));
        expect(await trip(plain, above)).toEqual(plain);
      }),
    );
  });

  it.each([
    ['a function', { a: [{ f: () => 1 }] }, 'value.a.0.f is a function'],
    ['a symbol', { a: Symbol('s') }, 'value.a is a symbol'],
    ['an instance of a class', { price: new Money() }, 'value.price is an instance of Money'],
  ])('refuses %s, and says where it is', (__, value, message) => {
    expect(() => serializer.serialize(value)).toThrow(message);
  });
});

describe('v8', () => {
  it('keeps what JSON would change', () => {
    const shared = { a: 1 };
    const value = {
      when: new Date(5),
      map: new Map<unknown, unknown>([[shared, new Set([1n])]]),
      bytes: Buffer.from('x'),
      none: undefined,
      nothing: NaN,
      twice: [shared, shared],
    };
    const back = v8Serializer.deserialize(v8Serializer.serialize(value)) as typeof value;
    expect(back).toEqual(value);
    expect(back.twice[0]).toBe(back.twice[1]);
  });

  it('looks into maps and sets, and is not caught in a cycle', () => {
    expect(() => v8Serializer.serialize(new Map([[1, () => 1]]))).toThrow('value.values.0 is a function');
    expect(() => v8Serializer.serialize(new Set([new Money()]))).toThrow('value.0 is an instance of Money');
    const loop: { self?: unknown } = {};
    loop.self = loop;
    expect(v8Serializer.deserialize(v8Serializer.serialize(loop))).toEqual(loop);
  });
});

describe('json', () => {
  it.each([[new Date(5)], [new Map()], [1n], [NaN], [{ a: [Infinity] }]])(
    'refuses %s, which it would change',
    (value) => {
      expect(() => jsonSerializer.serialize(value)).toThrow('would not come back as it is');
    },
  );
});

describe('the envelope', () => {
  it('compresses what gets smaller by it, here or in the thread pool, and says whether the load was ahead', async () => {
    for (const length of [10_000, 500_000]) {
      const value = 'same '.repeat(length / 5);
      const bytes = await enclose({ value, ahead: true }, v8Serializer, 2_048);
      expect(bytes.length).toBeLessThan(length / 10);
      const back = await disclose(bytes, v8Serializer, MB);
      expect([back.value === value, back.ahead]).toEqual([true, true]);
    }
    for (const length of [10_000, 500_000]) {
      const noise = randomBytes(length);
      const bytes = await enclose({ value: noise, ahead: false }, v8Serializer, 2_048);
      expect(bytes.length).toBeLessThan(length + 100);
      const { value } = await disclose(bytes, v8Serializer, MB);
      expect(noise.equals(value as Buffer)).toBe(true);
    }
  });

  it('is written from the value as it is now', async () => {
    const value = { text: 'x'.repeat(100_000) };
    const enclosing = enclose({ value, ahead: false }, v8Serializer, 0);
    value.text = 'changed';
    expect(await disclose(await enclosing, v8Serializer, MB)).toMatchObject({ value: { text: 'x'.repeat(100_000) } });
  });

  it('does not inflate a bomb', async () => {
    const bomb = await enclose({ value: 'x'.repeat(2 * MB), ahead: false }, v8Serializer, 0);
    expect(() => disclose(bomb, v8Serializer, MB)).toThrow();
  });

  it('of other bytes is an error, not a value', () => {
    expect(() => disclose(Buffer.from('anything'), v8Serializer, MB)).toThrow();
    expect(() => disclose(Buffer.alloc(0), v8Serializer, MB)).toThrow();
  });
});
