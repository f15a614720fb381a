import { describe, expect, it } from 'vitest';
import type { Finding } from './finding.ts';
import { FOR_EACH_LIMIT } from './contract.ts';
import { parseContracts } from './parse.ts';

const findings = (text: string): readonly Finding[] => parseContracts(text, 'c.yaml').findings;
const brief = (text: string): string[] => findings(text).map(({ line, column, code }) => `${line}:${column} ${code}`);
/** Of a contract with this action, on line 4. */
const ofAction = (action: string): string[] =>
  brief(`event_invalidation:\n  trigger: a.b\n  actions:\n    - ${action}\n`);

describe('a contract', () => {
  it('is read with everything that it says, and where', () => {
    const { contracts, tests } = parseContracts(
      `event_invalidation:
  - name: stock
    trigger: [stock.*, item.moved]
    source: db
    when: { status: active }
    for_each: { path: items?, limit: 5 }
    layers: [local]
    actions:
      - { delete_key: 'stock:{item.id}', namespace: stock }
      - purge_tag: all
        layers: [edge, local]
    tests:
      - { event: { type: item.moved }, expect: [] }
`,
      'c.yaml',
    );
    expect(tests).toEqual([]);
    expect(contracts).toMatchObject([
      {
        name: 'stock',
        given: 'stock',
        file: 'c.yaml',
        line: 2,
        column: 5,
        triggers: ['stock.*', 'item.moved'],
        source: 'db',
        when: { kind: 'test' },
        forEach: { path: 'items?', limit: 5, limited: true },
        actions: [
          {
            kind: 'delete_key',
            template: 'stock:{item.id}',
            namespace: 'stock',
            layers: ['local'],
            line: 9,
            column: 9,
            places: {
              target: { line: 9, column: 23 },
              namespace: { line: 9, column: 53 },
              layers: [{ line: 7, column: 14 }],
            },
          },
          {
            kind: 'purge_tag',
            layers: ['edge', 'local'],
            places: {
              target: { line: 10, column: 20 },
              layers: [
                { line: 11, column: 18 },
                { line: 11, column: 24 },
              ],
            },
          },
        ],
        tests: [{ name: 'item.moved at line 13', file: 'c.yaml', line: 13 }],
        places: {
          triggers: [
            { line: 3, column: 15 },
            { line: 3, column: 24 },
          ],
          source: { line: 4, column: 13 },
          forEach: { line: 6, column: 15 },
        },
      },
    ]);
  });

  it('has nothing in it that was not written, but a name and the limit of a loop', () => {
    const [contract] = parseContracts(
      'event_invalidation: { trigger: a.b, for_each: items, actions: [{ purge_tag: t }] }',
      'c.yaml',
    ).contracts;
    expect(contract).toStrictEqual({
      name: 'a.b',
      file: 'c.yaml',
      line: 1,
      column: 21,
      triggers: ['a.b'],
      forEach: { path: 'items', limit: FOR_EACH_LIMIT, limited: false },
      actions: [{ kind: 'purge_tag', template: 't', line: 1, column: 64, places: { target: { line: 1, column: 77 } } }],
      places: { triggers: [{ line: 1, column: 32 }], forEach: { line: 1, column: 47 } },
    });
  });

  it('alone with a mistake is none', () => {
    expect(parseContracts('event_invalidation: { trigger: a.b }', 'c.yaml').contracts).toEqual([]);
  });

  it('that has no loop reads "item" as a field', () => {
    const { contracts } = parseContracts(
      'event_invalidation: { trigger: a.b, when: { item.kind: x }, actions: [{ purge_tag: t }] }',
      'c.yaml',
    );
    expect(contracts[0]?.when).toMatchObject({ field: { scope: 'plain' } });
  });

  it('with a mistake is not read, and does not keep the others from it', () => {
    const { contracts } = parseContracts(
      `event_invalidation:
  - { trigger: a.b, actions: [{ purge_tag: t }] }
  - { trigger: a..b, actions: [{ purge_tag: t }] }
  - { trigger: c.d, actions: [{ purge_tag: 't-{' }] }
  - { trigger: e.f, actions: [{ purge_tag: 't-\${x}' }] }
`,
      'c.yaml',
    );
    // The last has a warning only.
    expect(contracts.map(({ name }) => name)).toEqual(['a.b', 'e.f']);
  });

  it('in a document with a mistake in its YAML is not taken: what it says may not be what was meant', () => {
    const text = `event_invalidation: { trigger: a.b, actions: [{ purge_tag: t }] }
tests: [{ event: { type: a.b }, expect: [] }]
tests: []
---
event_invalidation: { trigger: c.d, actions: [{ purge_tag: t }] }
`;
    const { contracts, tests } = parseContracts(text, 'c.yaml');
    expect([contracts.map(({ name }) => name), tests]).toEqual([['c.d'], []]);
    expect(brief(text)).toEqual(['3:1 YAML_KEY_DUPLICATE']);
  });
});

describe('a file', () => {
  it.each([
    ['', ['1:1 CONTRACTS_NONE']],
    ['# nothing\n---\n', ['1:1 CONTRACTS_NONE']],
    ['event_invalidation: []', ['1:21 CONTRACTS_NONE']],
    // What cannot be read is not said to hold nothing.
    ['a: [', ['1:5 YAML_SYNTAX']],
    ['tests: []', []],
    ['other: 1', ['1:1 KEY_UNKNOWN']],
    ['text', ['1:1 TYPE_WRONG']],
    ['- trigger: a', ['1:1 TYPE_WRONG']],
    ['event_invalidation: 5', ['1:21 TYPE_WRONG']],
    ['event_invalidation: [5]', ['1:22 TYPE_WRONG']],
    ['event_invalidation:', ['1:1 TYPE_WRONG']],
  ])('%j gives %j', (text, expected) => {
    expect(brief(text)).toEqual(expected);
  });

  it.each([
    ['event_invalidation: 5', '"event_invalidation" is the number 5, not a mapping'],
    ['event_invalidation: [5]', '"event_invalidation[0]" is the number 5, not a mapping'],
    ['tests: 5', '"tests" is the number 5, not a list'],
  ])('%j names where in it the mistake is: %s', (text, what) => {
    expect(findings(text).map((finding) => finding.what)).toEqual([what]);
  });

  it('without contracts is a warning only', () => {
    expect(findings('').map(({ severity }) => severity)).toEqual(['warning']);
  });

  it.each([
    ['trigger: a', 'write "event_invalidation:" above it and indent it'],
    ['actions: []', 'write "event_invalidation:" above it and indent it'],
    ['when: {}', 'write "event_invalidation:" above it and indent it'],
    ['for_each: x', 'write "event_invalidation:" above it and indent it'],
    ['layers: []', 'write "event_invalidation:" above it and indent it'],
    ['source: x', 'write "event_invalidation:" above it and indent it'],
    ['name: x', 'write "event_invalidation:" above it and indent it'],
    ['test: []', 'did you mean "tests"?'],
    ['xyz: []', 'remove it'],
  ])('with %j is told: %s', (text, fix) => {
    expect(findings(text).map((finding) => finding.fix)).toEqual([fix]);
  });
});

describe('an action', () => {
  it.each([
    ["purge_tag: ''", ['4:18 VALUE_INVALID']],
    ["refresh_projection: ''", ['4:27 VALUE_INVALID']],
    ["purge_namespace: ''", ['4:24 VALUE_INVALID']],
    ["purge_namespace: '*'", []],
    ["refresh_projection: '*'", ['4:27 NAME_INVALID']],
    ['purge_namespace: tenant-{t}', ['4:24 TEMPLATE_NOT_ALLOWED']],
    [`purge_namespace: ${'n'.repeat(64)}`, []],
    [`purge_namespace: ${'n'.repeat(65)}`, ['4:24 NAME_INVALID']],
    ['purge_url: /a/{id}', []],
    ['purge_url: /{id}', []],
    ['purge_url: //{host}/a', ['4:18 URL_HOST_FROM_EVENT']],
    ['purge_url: //shop.example/a', ['4:18 URL_HOST_FROM_EVENT']],
    ['purge_url: https://shop.example/{id}', []],
    ['purge_url: http://shop.example/{id}', []],
    ['purge_url: https://shop.example', []],
    ['purge_url: https://shop.example{path}', ['4:18 URL_HOST_FROM_EVENT']],
    ['purge_url: https://{host}/a', ['4:18 URL_HOST_FROM_EVENT']],
    ['purge_url: https:///{path}', ['4:18 URL_HOST_FROM_EVENT']],
    ['purge_url: https:///a', ['4:18 URL_HOST_FROM_EVENT']],
    ['purge_url: ftp://shop.example/a', ['4:18 URL_HOST_FROM_EVENT']],
    ['purge_url: a{id}', ['4:18 URL_HOST_FROM_EVENT']],
    ['{}', ['4:7 ACTION_MISSING']],
    ['{ namespace: n, layers: [l] }', ['4:7 ACTION_MISSING']],
    // Probably a slip of the key that was meant to be the action.
    ['{ namespace: n, purge: t }', ['4:23 KEY_UNKNOWN']],
    ['{ purge_tag: t, delete_key: k }', ['4:23 ACTION_SEVERAL']],
    ['purge_tag: { a: 1 }', ['4:18 TYPE_WRONG']],
    ['purge_tag: {a}', ['4:18 TEMPLATE_UNQUOTED']],
    ['purge_tag: {a, b}', ['4:18 TYPE_WRONG']],
    ['purge_tag:\n        a:', ['5:9 TYPE_WRONG']],
    ['{ purge_tag: t, layers: [5] }', ['4:32 TYPE_WRONG']],
    ['{ purge_tag: t, layers: [9lives] }', ['4:32 VALUE_INVALID']],
    ['purge_tag: 5', ['4:18 TYPE_WRONG']],
    ['purge_tag: [t]', ['4:18 TYPE_WRONG']],
    ['5', ['4:7 TYPE_WRONG']],
  ])('%s gives %j', (action, expected) => {
    expect(ofAction(action)).toEqual(expected);
  });

  it.each([
    ['purge_tag: ab-{', '4:21 TEMPLATE_BRACE'],
    ["purge_tag: 'ab-{'", '4:22 TEMPLATE_BRACE'],
    ['purge_tag: "ab-{"', '4:22 TEMPLATE_BRACE'],
    // Where what is written is not what is meant, letter by letter, the whole text is pointed at.
    ['purge_tag: "\\x61b-{"', '4:18 TEMPLATE_BRACE'],
    ["purge_tag: 'it''s-{'", '4:18 TEMPLATE_BRACE'],
    ['purge_tag: |-\n        ab-{', '4:18 TEMPLATE_BRACE'],
    ['purge_tag: ab\n        -{', '4:18 TEMPLATE_BRACE'],
    ['purge_tag: ab-${x}', '4:21 TEMPLATE_DOLLAR'],
    ['purge_tag: ${x}', '4:18 TEMPLATE_DOLLAR'],
    ['purge_tag: "\\x61b-${x}"', '4:18 TEMPLATE_DOLLAR'],
  ])('with a mistake in %j is pointed at: %s', (action, expected) => {
    expect(ofAction(action)).toEqual([expected]);
  });
});

it('a text without quotes is told as that, and other wrong types beside it as what they are', () => {
  expect(
    brief(
      'event_invalidation: { trigger: a, actions: [{ purge_tag: {a} }, { purge_tag: { b: 1 } }, { purge_tag: 5 }] }',
    ),
  ).toEqual(['1:58 TEMPLATE_UNQUOTED', '1:78 TYPE_WRONG', '1:103 TYPE_WRONG']);
  expect(brief('event_invalidation:\n  trigger: a\n  actions:\n    - purge_tag: {a}\n    - purge_tag: [b]\n')).toEqual([
    '4:18 TEMPLATE_UNQUOTED',
    '5:18 TYPE_WRONG',
  ]);
});

describe('a loop', () => {
  const ofLoop = (loop: string): string[] =>
    brief(`event_invalidation:\n  trigger: a.b\n  for_each: ${loop}\n  actions: [{ purge_tag: 't-{item}' }]\n`);

  it.each([
    ['items', []],
    ['items?', []],
    ['orders[0]?', []],
    ['[a]', ['3:13 TYPE_WRONG']],
    ['{ path: [a] }', ['3:21 TYPE_WRONG']],
    ['before.items', []],
    ['{ path: items, limit: 1 }', []],
    ["''", ['3:13 VALUE_INVALID']],
    ["{ path: '' }", ['3:21 VALUE_INVALID']],
    ['{ limit: 5 }', ['3:3 KEY_MISSING']],
    ['{ path: items, limit: 0 }', ['3:35 VALUE_INVALID']],
    ['{ path: items, limit: 1.5 }', ['3:35 TYPE_WRONG']],
    ['{ path: items, limit: 1000001 }', ['3:35 VALUE_INVALID']],
    ['a..b', ['3:13 FOR_EACH_PATH']],
    ["'?'", ['3:13 FOR_EACH_PATH']],
    ['$.subject', ['3:13 FOR_EACH_PATH']],
    ['{ path: $.subject }', ['3:21 FOR_EACH_PATH']],
  ])('over %s gives %j', (loop, expected) => {
    expect(ofLoop(loop)).toEqual(expected);
  });
});

describe('a trigger', () => {
  it.each([
    ['a.b', []],
    ["''", ['2:12 VALUE_INVALID']],
    ["[a.b, '']", ['2:18 VALUE_INVALID']],
    ['a..b', ['2:12 TRIGGER_INVALID']],
    ['[a.b, .c]', ['2:18 TRIGGER_INVALID']],
    ['5', ['2:12 TYPE_WRONG']],
  ])('%s gives %j', (trigger, expected) => {
    expect(brief(`event_invalidation:\n  trigger: ${trigger}\n  actions: [{ purge_tag: t }]\n`)).toEqual(expected);
  });
});

describe('a name', () => {
  it.each([
    ["''", ['2:9 VALUE_INVALID']],
    ['"a\\u0007"', ['2:9 VALUE_INVALID']],
    ['x'.repeat(100), []],
    ['x'.repeat(101), ['2:9 VALUE_INVALID']],
  ])('%j gives %j', (name, expected) => {
    expect(brief(`event_invalidation:\n  name: ${name}\n  trigger: a\n  actions: [{ purge_tag: t }]\n`)).toEqual(
      expected,
    );
  });
});
