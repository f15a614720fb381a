import { describe, expect, it } from 'vitest';
import { Composer } from 'yaml';
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

  it('has keys that are numbers, truth values or nothing, as they are written', () => {
    expect(values('{ 5: a, 0x10: b, true: c, ~: d, : e }')).toEqual([
      { 5: 'a', '0x10': 'b', true: 'c', '~': 'd', '': 'e' },
    ]);
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
    ['a tag of an older version', '!!binary aGk=', 'YAML_TAG'],
    ['a prototype', '__proto__: { polluted: true }', 'YAML_KEY'],
    ['infinity', '.inf', 'YAML_VALUE'],
    ['no number', '.nan', 'YAML_VALUE'],
    ['an older version', '%YAML 1.1\n---\na: yes', 'YAML_VERSION'],
    ['an alias of itself', 'a: &a [*a]', 'YAML_ALIASES'],
    ['too many aliases', `a: &a 1\nb: [${'*a, '.repeat(101)}]`, 'YAML_ALIASES'],
  ])('with %s is refused', (_, text, code) => {
    expect(codes(text)).toContain(code);
  });

  it.each([
    ['a:\n\t- b', ['2:1 YAML_SYNTAX'], 'indent with spaces'],
    // A tab makes further errors around it, which are not told.
    ['x: @y\na:\n\t- b: @\n\t- c', ['3:1 YAML_SYNTAX', '4:1 YAML_SYNTAX'], 'indent with spaces'],
    ['a: b: c', ['1:4 YAML_SYNTAX'], 'put text with ": " in it in quotes'],
    ['a: b\n c: d', ['1:4 YAML_SYNTAX'], 'put text with ": " in it in quotes'],
    ['a: [b', ['1:6 YAML_SYNTAX'], 'close every quote'],
    ['a: {b]', ['1:6 YAML_SYNTAX'], 'close every quote'],
    ['a: "b', ['1:6 YAML_SYNTAX'], 'close every quote'],
    ['a: [b]]', ['1:7 YAML_SYNTAX'], 'close every quote'],
    ['a: [\n- b\n]', ['2:1 YAML_SYNTAX'], 'close every quote'],
    ['a: @b', ['1:4 YAML_SYNTAX'], 'correct the line'],
    // The same line is told once, two lines are told both.
    ['a: @b @c\nd: `e', ['1:4 YAML_SYNTAX', '2:4 YAML_SYNTAX'], 'correct the line'],
  ])('with the syntax of %j is told where: %j', (text, places, fix) => {
    const { documents, findings } = parseYaml(text, 'y.yaml');
    expect(documents).toEqual([]);
    expect(findings.map(({ line, column, code }) => `${line}:${column} ${code}`)).toEqual(places);
    expect(findings[0]?.fix.startsWith(fix)).toBe(true);
  });

  it('with a tag that is not known is told which', () => {
    expect(parseYaml('a: !env HOME', 'y.yaml').findings.map(({ what }) => what)).toEqual(['the tag !env is not known']);
  });

  it('with wrong syntax is told that alone: what else seems wrong may not be', () => {
    expect(codes('a: 1\na: 2\nb: @c')).toEqual(['YAML_SYNTAX']);
  });

  it.each([
    ['? [a]\n: b', ['1:3 YAML_KEY'], {}],
    ['? {a: b}\n: c', ['1:3 YAML_KEY'], {}],
    ['{ <<: { a: 1 }, b: 2 }', ['1:3 YAML_MERGE_KEY'], { b: 2 }],
    ['{ __proto__: 1, b: 2 }', ['1:3 YAML_KEY'], { b: 2 }],
    ['{ b: 2, b: 3 }', ['1:9 YAML_KEY_DUPLICATE'], { b: 2 }],
    ['{ a: *b }', ['1:6 YAML_ALIAS_UNKNOWN'], { a: null }],
    ['{ a: !x b }', ['1:6 YAML_TAG'], { a: 'b' }],
    ['{ a: .nan, b: -.inf }', ['1:6 YAML_VALUE', '1:15 YAML_VALUE'], { a: '.nan', b: '-.inf' }],
    ['%YAML 1.1\n--- { a: 1 }', ['2:1 YAML_VERSION'], { a: 1 }],
  ])('with the mistake of %j is read all the same, for the mistakes behind it: %j', (text, places, value) => {
    const { documents, findings } = parseYaml(text, 'y.yaml');
    expect(findings.map(({ line, column, code }) => `${line}:${column} ${code}`)).toEqual(places);
    expect(documents.map(({ sound }) => sound)).toEqual([false]);
    expect(values(text)).toEqual([value]);
  });

  it('may say that it is of version 1.2, and is sound then', () => {
    expect(parseYaml('%YAML 1.2\n---\na: 1', 'y.yaml')).toMatchObject({ documents: [{ sound: true }], findings: [] });
  });

  it('may repeat a value by an alias, which stands where it is written', () => {
    const [document] = parseYaml('a: &x [1, { b: 2 }]\nc: *x', 'y.yaml').documents;
    expect(document?.tree.kind === 'map' ? document.tree.entries[1]?.value.place : null).toEqual({
      line: 2,
      column: 4,
    });
    expect(values('a: &x [1, { b: 2 }]\nc: *x')).toEqual([{ a: [1, { b: 2 }], c: [1, { b: 2 }] }]);
    expect(values(`a: &a 1\nb: [${'*a, '.repeat(100)}]`)).toHaveLength(1);
    expect(values(`a: &a 1\nb: [${'*a, '.repeat(101)}]`)).toEqual([]);
    // Told once, however many there are.
    expect(codes(`a: &a 1\nb: [${'*a, '.repeat(150)}]`)).toEqual(['YAML_ALIASES']);
    expect(values('a: &x\nb: *x')).toEqual([{ a: null, b: null }]);
  });

  it.each([
    ['a:', null, '1:1'],
    ['a: ~', null, '1:4'],
    ['a: null', null, '1:4'],
    ['a: &x', null, '1:6'],
    ['? a', null, '1:3'],
    ['a: ""', '', '1:4'],
  ])('says of %j where its value would be', (text, value, place) => {
    const [document] = parseYaml(text, 'y.yaml').documents;
    const entry = document?.tree.kind === 'map' ? document.tree.entries[0] : undefined;
    expect(entry && plainOf(entry.value)).toBe(value);
    expect(entry && `${entry.value.place.line}:${entry.value.place.column}`).toBe(place);
  });

  it.each([
    ["'a''b'", "a''b", true],
    ['"a\\x62"', 'a\\x62', true],
    ['ab', 'ab', false],
    ['5', '5', false],
    ['0x10', '0x10', false],
  ])('keeps of %s what is written', (yaml, text, quoted) => {
    expect(parseYaml(yaml, 'y.yaml').documents[0]?.tree).toMatchObject({ kind: 'scalar', text, quoted });
  });

  it('has nothing where nothing is written', () => {
    const [document] = parseYaml('a:', 'y.yaml').documents;
    const entry = document?.tree.kind === 'map' ? document.tree.entries[0] : undefined;
    expect(entry?.value).toMatchObject({ kind: 'scalar', value: null, text: '', quoted: false });
  });

  it('tells flow style from block style', () => {
    const flows = ['[a]', '{ a: b }', '- a', 'a: b'].map((text) => parseYaml(text, 'y.yaml').documents[0]?.tree);
    expect(flows.map((tree) => tree && 'flow' in tree && tree.flow)).toEqual([true, true, false, false]);
  });

  it('nested as deep as it may be is read, and one deeper is not', () => {
    const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    // The document is the first level.
    expect(codes(nested(DEPTH_MAX - 1))).toEqual([]);
    expect(codes(nested(DEPTH_MAX))).toEqual(['YAML_TOO_DEEP']);
  });

  it.each([
    ['lists', (depth: number, inner: string) => `${'['.repeat(depth)}${inner}${']'.repeat(depth)}`],
    ['mappings', (depth: number, inner: string) => `${'{ k: '.repeat(depth)}${inner}${' }'.repeat(depth)}`],
  ])('is as deep with its aliases in %s as it may nest at all, and no deeper', (_, nested) => {
    // The outer mapping, `below` levels, the alias, `above` levels and the value in them.
    const text = (below: number): string =>
      `a: &a ${nested(15, '1')}\nb: &b ${nested(15, '*a')}\nc: &c ${nested(15, '*b')}\nd: ${nested(below, '*c')}`;
    expect(codes(text(15))).toEqual([]);
    expect(codes(text(16))).toEqual(['YAML_ALIASES']);
  });

  it('has no more values with its aliases than it could have without', () => {
    // 1 for the file, 1 for each list and alias, 1 for each value.
    const text = (more: number): string =>
      `- &a [${'1,'.repeat(1_000)}]\n- [${'*a,'.repeat(98)}]\n- [${'1,'.repeat(more)}]`;
    expect(codes(text(800))).toEqual([]);
    expect(codes(text(801))).toEqual(['YAML_ALIASES']);
  });

  it('larger than 1 MiB is refused unread', () => {
    expect(parseYaml(`# ${'x'.repeat(TEXT_MAX - 1)}`, 'y.yaml').findings).toMatchObject([
      { severity: 'error', code: 'FILE_TOO_LARGE', what: 'the file has more than 1 MiB' },
    ]);
    expect(codes(`# ${'x'.repeat(TEXT_MAX - 2)}`)).toEqual([]);
  });

  it('of more tokens than a contract file can have is refused, and one with as many is read', () => {
    expect(codes('\n'.repeat(TOKENS_MAX + 1))).toEqual(['FILE_TOO_LARGE']);
    expect(codes('\n'.repeat(TOKENS_MAX))).toEqual([]);
  });

  it('is a finding also when the library throws', () => {
    const { end } = Composer.prototype;
    Composer.prototype.end = () => {
      throw new Error('a mistake of the library');
    };
    try {
      expect(parseYaml('a: 1', 'y.yaml')).toMatchObject({
        documents: [],
        findings: [{ code: 'YAML_SYNTAX', file: 'y.yaml', line: 1, column: 1 }],
      });
    } finally {
      Composer.prototype.end = end;
    }
  });
});
