import { describe, expect, it } from 'vitest';
import type { ContractTest } from './contract.ts';
import { parseContracts } from './parse.ts';

const parsed = (tests: string): ReturnType<typeof parseContracts> => parseContracts(`tests:\n${tests}`, 't.yaml');
const brief = (tests: string): string[] =>
  parsed(tests).findings.map(({ line, column, code }) => `${line}:${column} ${code}`);

function test(text: string): ContractTest {
  const { tests, findings } = parsed(text);
  expect(findings).toEqual([]);
  expect(tests).toHaveLength(1);
  return tests[0]!;
}
const event = (text: string): ContractTest['event'] => test(`  - { event: { ${text} }, expect: [] }`).event;

describe('the event of a contract test', () => {
  it('is as small as it may be written, and is said to come from somewhere', () => {
    expect(event('type: a.b')).toStrictEqual({ id: 'test', type: 'a.b', source: 'app', data: {} });
  });

  it('has what is written', () => {
    expect(event('type: a.b, source: db, id: x, subject: s, time: t, data: [1]')).toEqual({
      id: 'x',
      type: 'a.b',
      source: 'db',
      subject: 's',
      time: 't',
      data: [1],
    });
    expect(event('type: a.b, data: ~').data).toBeNull();
  });

  it('comes from the source that its contract asks for', () => {
    const { contracts } = parseContracts(
      `event_invalidation:
  trigger: a.b
  source: db
  actions: [{ purge_tag: t }]
  tests: [{ event: { type: a.b }, expect: [] }, { event: { type: a.b, source: app }, expect: [] }]
`,
      't.yaml',
    );
    expect(contracts[0]?.tests?.map((one) => one.event.source)).toEqual(['db', 'app']);
  });

  it.each([
    ['type: shop.product.created, row: { after: { id: 1 } }', 'created', 'none', { id: 1 }],
    ['type: product.updated, row: { before: { id: 1 }, after: { id: 2 } }', 'updated', 'full', { id: 2 }],
    ['type: product.deleted, row: { before: { id: 1 } }', 'deleted', 'full', { id: 1 }],
    ['type: product.truncated, row: {}', 'truncated', 'none', {}],
    // A type that names no operation is an update; `op` says otherwise.
    ['type: product.moved, row: { before: { id: 1 }, before_has: key }', 'updated', 'key', { id: 1 }],
    ['type: product.moved, row: { op: deleted, before: { id: 1 }, before_has: none }', 'deleted', 'none', { id: 1 }],
    ['type: product.updated, row: { after: { id: 2 }, before_has: full }', 'updated', 'full', { id: 2 }],
    ['type: product.updated, row: { before: ~, after: ~ }', 'updated', 'none', {}],
  ])('of a row, %s: %s, %s before, %j', (text, op, beforeHas, data) => {
    const given = event(text);
    expect(given.row).toMatchObject({ op, beforeHas });
    expect(given.data).toEqual(data);
  });

  it('of a row names its relation as its type does, and what is unknown, unless it is written', () => {
    expect(event('type: shop.product.updated, row: {}').row?.relation).toBe('shop.product');
    expect(event('type: product, row: {}').row?.relation).toBe('');
    expect(event('type: a.updated, row: { relation: public.a, unknown: [x, y] }').row).toEqual({
      relation: 'public.a',
      op: 'updated',
      before: null,
      after: null,
      beforeHas: 'none',
      unknown: ['x', 'y'],
    });
    expect(event('type: a.updated, row: {}').row).not.toHaveProperty('unknown');
    expect(event('type: a.updated, row: { after: { id: 1 } }, data: { other: 2 }').data).toEqual({ other: 2 });
  });
});

describe('a contract test', () => {
  it('has a name, its own or one that finds it', () => {
    expect(test('  - { event: { type: a.b }, expect: [] }')).toMatchObject({
      name: 'a.b at line 2',
      file: 't.yaml',
      line: 2,
    });
    expect(test('  - { name: mine, event: { type: a.b }, expect: [] }').name).toBe('mine');
  });

  it('expects actions with everything that narrows them', () => {
    expect(
      test(`  - event: { type: a.b }
    expect:
      - purge_tag: t
      - { delete_key: k, namespace: n, layers: [l] }
      - { purge_namespace: n, widened: true }
`).expect,
    ).toStrictEqual([
      { kind: 'purge_tag', target: 't' },
      { kind: 'delete_key', target: 'k', namespace: 'n', layers: ['l'] },
      { kind: 'purge_namespace', target: 'n', widened: true },
    ]);
  });

  it.each([
    ['{ purge_tag: t, delete_key: k }', ['4:29 ACTION_SEVERAL']],
    ['{}', ['4:13 ACTION_MISSING']],
    ['{ namespace: n, layers: [l], widened: true }', ['4:13 ACTION_MISSING']],
    ['{ namespace: n, purge: t }', ['4:29 KEY_UNKNOWN']],
    ['{ purge_tag: 5 }', ['4:26 TYPE_WRONG']],
    ['{ purge_tag: t, widened: false }', ['4:38 VALUE_UNKNOWN']],
    ["{ purge_tag: '' }", ['4:26 VALUE_INVALID']],
    ['5', ['4:13 TYPE_WRONG']],
  ])('that expects %s has the mistakes %j', (expected, mistakes) => {
    expect(brief(`  - event: { type: a.b }\n    expect:\n      [     ${expected} ]`)).toEqual(mistakes);
  });

  it.each([
    ['{ expect: [] }', ['2:5 KEY_MISSING']],
    ['{ event: { data: 1 }, expect: [] }', ['2:7 KEY_MISSING']],
    ['{ event: { type: a.b } }', ['2:5 KEY_MISSING']],
    ['{ event: a.b, expect: [] }', ['2:14 TYPE_WRONG']],
    ['{ event: { type: a.b, row: 5 }, expect: [] }', ['2:32 TYPE_WRONG']],
    ['{ event: { type: a.b, row: { op: upserted } }, expect: [] }', ['2:38 VALUE_UNKNOWN']],
    ['{ event: { type: a.b, row: { before_has: some } }, expect: [] }', ['2:46 VALUE_UNKNOWN']],
  ])('%s is wrong: %j', (text, mistakes) => {
    expect(brief(`  - ${text}`)).toEqual(mistakes);
  });

  it('with a mistake is not run, nor are those beside it', () => {
    expect(parsed('  - { event: { type: a.b }, expect: [] }\n  - { event: { type: 5 }, expect: [] }').tests).toEqual(
      [],
    );
    expect(brief('  a: 1')).toEqual(['2:3 TYPE_WRONG']);
  });
});
