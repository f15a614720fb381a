import { expect, test } from 'vitest';
import { COLOURED } from './paint.ts';
import { table } from './table.ts';
import { truncate } from './width.ts';

test('columns line up, whatever the cells are made of', () => {
  expect(
    table([
      ['NAME', 'N'],
      ['価格', '1'],
      ['naïve', '22'],
    ]),
  ).toBe('NAME   N\n価格   1\nnaïve  22\n');
});

test('colours take no room', () => {
  const [first = '', second = ''] = table([
    [COLOURED.good('ok'), 'X'],
    ['retrying', 'Y'],
  ]).split('\n');
  // eslint-disable-next-line no-control-regex -- the colours are taken out again
  expect(first.replace(/\u001b\[\d+m/g, '').indexOf('X')).toBe(second.indexOf('Y'));
});

test('what is too long ends in an ellipsis within its width', () => {
  expect(truncate('product:42', 20)).toBe('product:42');
  expect(truncate('product:42', 6)).toBe('produ…');
});
