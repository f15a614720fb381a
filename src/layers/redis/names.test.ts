import { expect, it } from 'vitest';
import fc from 'fast-check';
import { bytesOf, nameOf, shardNames, shardOf } from './names.ts';

// Any UTF-16, lone surrogates included.
const name = fc
  .array(fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xd7ff, max: 0xe000 })))
  .map((units) => String.fromCharCode(...units));

it('two names are never the same bytes, and each comes back', () => {
  fc.assert(
    fc.property(name, name, (a, b) => {
      expect(nameOf(bytesOf(a))).toBe(a);
      expect(bytesOf(a).equals(bytesOf(b))).toBe(a === b);
    }),
    { numRuns: 500 },
  );
  expect(bytesOf('\ud800').equals(bytesOf('\ud801'))).toBe(false);
});

it('everything of a shard has one hash tag, and that of no other', () => {
  const tagOf = (text: string): string => /\{(.*?)\}/.exec(text)?.[1] ?? '';
  const tags = [0, 1, 2].map((shard) => {
    const { record, entries } = shardNames('tidemark:shared', shard, 3);
    const own = new Set([...record, `${entries.toString()}any{key}`].map(tagOf));
    expect(own.size).toBe(1);
    return [...own][0];
  });
  expect(new Set(tags).size).toBe(3);
});

it('keys are spread evenly, also when they differ in their last digit only', () => {
  const counts = Array<number>(8).fill(0);
  for (let i = 0; i < 8_000; i++) counts[shardOf(bytesOf(`product:${i}`), 8)]!++;
  expect(Math.min(...counts)).toBeGreaterThan(700);
  expect(Math.max(...counts)).toBeLessThan(1_300);
});
