import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesType, triggerProblem } from './pattern.ts';
import { TriggerIndex } from './trigger-index.ts';

describe('a trigger pattern', () => {
  it.each([
    ['product.updated', 'product.updated', true],
    ['product.updated', 'product.deleted', false],
    ['product.*', 'product.updated', true],
    ['product.*', 'product.price.changed', true],
    ['product.*', 'product', false],
    ['product.*', 'products.updated', false],
    ['*.updated', 'product.updated', true],
    ['*.updated', 'shop.product.updated', false],
    ['a.*.c', 'a.b.c', true],
    ['a.*.c', 'a.b.b.c', false],
    ['*', 'anything', true],
    ['*', 'any.thing.at.all', true],
    ['*.*', 'one', false],
  ])('%s against %s: %s', (pattern, type, expected) => {
    expect(matchesType(pattern, type)).toBe(expected);
  });

  it.each(['x'.repeat(255), Array(16).fill('a').join('.'), '*.*', 'ä.b'])('is taken when written %j', (trigger) => {
    expect(triggerProblem(trigger)).toBeNull();
  });

  it.each([
    'a\u007fb',
    'a..b',
    '.a',
    'a.',
    '',
    'prod*.updated',
    'a b',
    'a\nb',
    'x'.repeat(256),
    Array(17).fill('a').join('.'),
  ])('is refused when written %j', (trigger) => {
    expect(triggerProblem(trigger)).toBeTypeOf('string');
  });
});

const segment = fc.constantFrom('a', 'b', 'c');
const type = fc.array(segment, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('.'));
const trigger = fc
  .array(fc.oneof(segment, fc.constant('*')), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join('.'));
const source = fc.option(fc.constantFrom('one', 'two'), { nil: undefined });

describe('the trigger index', () => {
  it('finds exactly the contracts whose trigger and source match, each once, in order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.array(trigger, { minLength: 1, maxLength: 3 }), source), { maxLength: 12 }),
        type,
        (contracts, of) => {
          const index = new TriggerIndex<{ order: number; source: string | undefined }>();
          for (const [order, [triggers, from]] of contracts.entries()) {
            const contract = { order, source: from };
            for (const one of triggers) index.add(one, contract);
          }
          const expected = contracts.flatMap(([triggers, from], i) =>
            triggers.some((one) => matchesType(one, of)) && (from === undefined || from === 'one') ? [i] : [],
          );
          expect(index.find(of, 'one').map(({ order }) => order)).toEqual(expected);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('does not walk further than its patterns, however long an event type is', () => {
    const index = new TriggerIndex<{ order: number; source: undefined }>();
    const pattern = Array(16).fill('*').join('.').replace(/^\*/, 'a');
    for (let order = 0; order < 16; order++) index.add(pattern, { order, source: undefined });
    expect(index.find(`a${'.a'.repeat(100_000)}`, 's')).toHaveLength(16);
  });
});
