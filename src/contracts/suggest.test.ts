import { describe, expect, it } from 'vitest';
import { didYouMean, listed, nearest } from './suggest.ts';

describe('the nearest known word', () => {
  it.each([
    ['triger', ['trigger', 'actions'], 'trigger'],
    ['purgetag', ['purge_tag', 'purge_url'], 'purge_tag'],
    ['Purge-Tag', ['purge_tag', 'purge_url'], 'purge_tag'],
    ['a-b-c-d', ['abcd'], 'abcd'],
    ['a_b_c_d', ['abcd'], 'abcd'],
    ['foo', ['for', 'four'], 'for'],
    ['foo', ['bar'], null],
    ['fo', ['go', 'foo'], 'go'],
    ['ab', ['cd'], null],
    ['abcdef', ['abcdxx'], 'abcdxx'],
    ['abcde', ['abcxx'], null],
    ['abcdef', ['abcxxx'], null],
    ['', ['x'], 'x'],
    ['type', [], null],
    // The first of those that are as near.
    ['cat', ['bat', 'hat'], 'bat'],
    ['catalogs', ['catalogxx', 'catalogx', 'catalog'], 'catalogx'],
  ])('to %j among %j is %j', (word, known, near) => {
    expect(nearest(word, known)).toBe(near);
  });

  it('is looked for only where a person may have mistyped it', () => {
    expect(nearest('x'.repeat(64), ['x'.repeat(63)])).not.toBeNull();
    expect(nearest('x'.repeat(65), ['x'.repeat(64)])).toBeNull();
  });

  it('is what a finding asks for, if there is one', () => {
    expect(didYouMean('triger', ['trigger'], 'remove it')).toBe('did you mean "trigger"?');
    expect(didYouMean('x', ['trigger'], 'remove it')).toBe('remove it');
  });
});

it('a list of choices is readable, also when there are none', () => {
  expect(listed(['a', 'b'])).toBe('a, b');
  expect(listed([])).toBe('none');
});
