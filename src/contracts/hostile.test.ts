import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseContracts } from './parse.ts';
import { FINDINGS_MAX } from './report.ts';
import { couldGive, parseTemplate, TARGET_MAX } from './template.ts';
import { TEXT_MAX, TOKENS_MAX } from './yaml.ts';

describe('a hostile file', () => {
  /** As much as is read at all: just under the bound in bytes, or in tokens of this many to a piece. */
  const bytes = (piece: string): string => piece.repeat(Math.floor((TEXT_MAX - 16) / piece.length));
  const tokens = (piece: string, each: number): string => piece.repeat(Math.floor((TOKENS_MAX - 64) / each));
  const laughs = Array.from(
    { length: 12 },
    (_, i) =>
      `a${i}: &a${i} [${Array(9)
        .fill(i === 0 ? 'x' : `*a${i - 1}`)
        .join()}]`,
  );

  it.each([
    ['open brackets', bytes('[')],
    ['nested lists', bytes('- ')],
    ['keys on one line', bytes('a: ')],
    ['deeper and deeper lines', Array.from({ length: 1_400 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
    ['closing braces', tokens('}', 1)],
    ['commas', `[${tokens(',', 1)}]`],
    ['tags', tokens('! ', 2)],
    ['documents', tokens('---\n', 2)],
    ['more tokens than are read', bytes('\n')],
    ['one long line', bytes('x')],
    ['one long folded text', `a: >\n${bytes('  x \n').slice(8)}`],
    ['very many keys', Array.from({ length: 16_000 }, (_, i) => `k${i}: 1`).join('\n')],
    [
      'unknown keys of a contract',
      `event_invalidation:\n${Array.from({ length: 14_000 }, (_, i) => `  key${i}: 1`).join('\n')}`,
    ],
    ['wrong actions', `event_invalidation:\n  trigger: a\n  actions:\n${'    - {}\n'.repeat(14_000)}`],
    ['a billion laughs', `${laughs.join('\n')}\nevent_invalidation: *a11`],
    ['half surrogates', `a: "${bytes('\ud800').slice(8)}"`],
  ])('of %s is answered within seconds, and with few words', { timeout: 60_000 }, (_, text) => {
    const before = performance.now();
    const { findings } = parseContracts(text, 'hostile.yaml');
    // Measured: 2 s at most on one free core; the rest is for a machine that does other things too.
    expect(performance.now() - before).toBeLessThan(20_000);
    expect(findings.length).toBeGreaterThan(0);
    expect(findings.length).toBeLessThanOrEqual(2 * FINDINGS_MAX + 2);
  });

  it('of any text is answered with contracts or findings', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]:,-?&*!|>\'"%@`#~ \n\tab1.$'), maxLength: 60 }), (text) => {
        parseContracts(text, 'any.yaml');
        parseContracts(`event_invalidation:\n  trigger: a\n  actions:\n    - purge_tag: ${text}`, 'any.yaml');
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('a hostile template', () => {
  it('is matched in linear time, where a regular expression would not be', () => {
    const parsed = parseTemplate(`a${'{x}a'.repeat(100)}b`, false);
    if (!parsed.ok) throw new Error('a template');
    const text = 'a'.repeat(TARGET_MAX);
    const before = performance.now();
    for (let i = 0; i < 1_000; i++) couldGive(parsed.template, text);
    expect(performance.now() - before).toBeLessThan(2_000);
  });
});
