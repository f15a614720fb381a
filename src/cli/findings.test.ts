import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Finding } from '../contracts/finding.ts';
import { caretLines, renderFindings, summarise } from './findings.ts';
import { PLAIN } from './paint.ts';
import { widthOf } from './width.ts';

const finding: Finding = {
  severity: 'error',
  code: 'ACTION_UNKNOWN',
  file: 'contracts/shop.yaml',
  line: 4,
  column: 7,
  what: 'there is no action "delte_key"',
  why: 'an action that nobody knows would be skipped',
  fix: 'did you mean "delete_key"?',
};

const text = [
  'event_invalidation:',
  '  trigger: product.updated',
  '  actions:',
  '    - delte_key: product:{product_id}',
  '',
].join('\n');

const render = (findings: readonly Finding[], source: string | null = text): string =>
  renderFindings(findings, { paint: PLAIN, textOf: () => source, columns: 100 });

describe('a finding', () => {
  test('names its place, code, what, why and fix, with a caret under the column', () => {
    expect(render([finding])).toBe(
      [
        'contracts/shop.yaml:4:7  ACTION_UNKNOWN  there is no action "delte_key"',
        '    4 |     - delte_key: product:{product_id}',
        '      |       ^',
        '      why  an action that nobody knows would be skipped',
        '      fix  did you mean "delete_key"?',
        '',
      ].join('\n'),
    );
  });

  test('is shown without its line when the file is gone or shorter by now', () => {
    expect(render([finding], null)).not.toContain('^');
    expect(render([finding], 'one line')).not.toContain('^');
  });

  test('says when it is only a warning', () => {
    expect(render([{ ...finding, severity: 'warning' }])).toContain('ACTION_UNKNOWN (warning)  there');
  });

  test('shows control characters of the file instead of obeying them', () => {
    const hostile = { ...finding, line: 1, column: 8, what: 'bad \u001b[2J' };
    expect(render([hostile], 'key: \u001b[2Jx')).not.toContain('\u001b');
  });
});

describe('the caret', () => {
  test.each([
    ['a tab', '\tkey: 1', 2, '  key: 1', '  ^'],
    ['wide characters', '価格: x', 5, '価格: x', '      ^'],
    ['an escaped character', 'a\u0007b', 3, 'a\\x07b', '     ^'],
    ['the end of the line', 'key:', 5, 'key:', '    ^'],
    ['a column beyond the line', 'key:', 50, 'key:', '    ^'],
  ])('stands right after %s', (_, line, column, shown, caret) => {
    expect(caretLines(line, column, 80)).toEqual({ line: shown, caret });
  });

  test('stays in sight on any line, in any place, at any width', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 400 }),
        fc.nat(450),
        fc.integer({ min: 40, max: 120 }),
        (line, at, cells) => {
          const shown = caretLines(line.replaceAll(/[\r\n]/g, ' '), at + 1, cells);
          // A cut surrogate pair is shown as two escapes, so the line may be a little longer than asked for.
          expect(widthOf(shown.caret)).toBeLessThanOrEqual(cells);
          expect(widthOf(shown.line)).toBeLessThanOrEqual(cells + 6);
        },
      ),
    );
  });
});

test('a report ends with how many there are', () => {
  expect(summarise([])).toBe('no findings');
  expect(summarise([finding])).toBe('1 error');
  expect(summarise([finding, finding, { ...finding, severity: 'warning' }])).toBe('2 errors and 1 warning');
});
