import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseContracts } from './parse.ts';
import { FINDINGS_MAX } from './report.ts';
import { plainOf } from './tree.ts';
import { DEPTH_MAX, parseYaml, TEXT_MAX, TOKENS_MAX } from './yaml.ts';

const codes = (text: string): string[] => parseYaml(text, 'y.yaml').findings.map(({ code }) => code);
const values = (text: string): unknown[] => parseYaml(text, 'y.yaml').documents.map(({ tree }) => plainOf(tree));

describe('YAML', () => {
  it('is read by the core schema of version 1.2', () => {
    expect(values('[yes, no, on, 010, 0o10, 0x10, 1_000, 2026-01-01, ~, null, true, 1.5, "1"]')).toEqual([
      ['yes', 'no', 'on', 10, 8, 16, '1_000', '2026-01-01', null, null, true, 1.5, '1'],
    ]);
  });

  it('may begin with a byte order mark, which moves no column', () => {
    expect(parseYaml('\uFEFFa: 1', 'y.yaml').documents[0]?.tree.place).toEqual({ line: 1, column: 1 });
  });

  it('may have Windows line ends', () => {
    const [document] = parseYaml('a: 1\r\nb: [\r\n  x]\r\n', 'y.yaml').documents;
    const list = document?.tree.kind === 'map' ? document.tree.entries[1] : undefined;
    expect(list?.keyPlace).toEqual({ line: 2, column: 1 });
    expect(list?.value.kind === 'list' ? list.value.items[0]?.place : null).toEqual({ line: 3, column: 3 });
  });

  it('gives objects without a prototype, so that no key can be one of its properties', () => {
    const [plain] = values('{ constructor: 1, toString: 2 }') as [object];
    expect(Object.getPrototypeOf(plain)).toBeNull();
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('in several documents leaves out the empty ones', () => {
    expect(values('---\n---\na: 1\n---\n# nothing\n---\nb: 2\n...\n')).toEqual([{ a: 1 }, { b: 2 }]);
  });

  it.each([
    ['a key twice', '{ a: 1, a: 2 }', 'YAML_KEY_DUPLICATE'],
    ['a key twice, in other words', '{ a: 1, "a": 2 }', 'YAML_KEY_DUPLICATE'],
    ['a merge key', '{ <<: { a: 1 } }', 'YAML_MERGE_KEY'],
    ['a tag of JavaScript', '!!js/function "return 1"', 'YAML_TAG'],
    ['a tag of ours', '!env HOME', 'YAML_TAG'],
    ['a prototype', '__proto__: { polluted: true }', 'YAML_KEY'],
    ['infinity', '.inf', 'YAML_VALUE'],
    ['no number', '.nan', 'YAML_VALUE'],
    ['an older version', '%YAML 1.1\n---\na: yes', 'YAML_VERSION'],
    ['an alias of itself', 'a: &a [*a]', 'YAML_ALIASES'],
    ['too many aliases', `a: &a 1\nb: [${'*a, '.repeat(101)}]`, 'YAML_ALIASES'],
  ])('with %s is refused', (_, text, code) => {
    expect(codes(text)).toContain(code);
  });

  it('nested as deep as it may be is read, and one deeper is not', () => {
    const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    expect(codes(nested(20))).toEqual([]);
    expect(codes(nested(DEPTH_MAX + 1))).toEqual(['YAML_TOO_DEEP']);
  });

  it('larger than 1 MiB is refused unread', () => {
    expect(codes(`# ${'x'.repeat(TEXT_MAX)}`)).toEqual(['FILE_TOO_LARGE']);
  });
});

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
