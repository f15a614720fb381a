import { describe, expect, it } from 'vitest';
import type { ChangeEvent } from '../model/event.ts';
import { columnsRead } from './columns.ts';
import { compileContracts, compiled } from './compile.ts';
import type { Contract, ContractSet } from './contract.ts';
import { matching, templatesFor } from './explain.ts';
import { parseContracts } from './parse.ts';
import { plan } from './plan.ts';

const set = (text: string): ContractSet => compileContracts(parseContracts(text, 'c.yaml').contracts);
const event = (type: string, data: object = {}): ChangeEvent => ({ id: '1', type, source: 'app', data: data as never });

describe('the hash of a set', () => {
  const base = set(
    'event_invalidation: [{ trigger: [a.b, c.*], source: s, when: { x: 1 }, actions: [{ purge_tag: t, layers: [k, l] }] }, { trigger: z, actions: [{ purge_tag: z }] }]',
  );

  it('is of the meaning: text, names, order of contracts and of keys do not matter', () => {
    expect(base.hash).toMatch(/^[0-9a-f]{16}$/);
    const same = set(`# A comment.
event_invalidation:
  - { actions: [{ purge_tag: z }], name: other, trigger: z, tests: [] }
  - actions:
      - layers: [l, k]
        purge_tag: 't'
    when: { x: 1 }
    source: s
    trigger: ['c.*', a.b]
`);
    expect(same.hash).toBe(base.hash);
  });

  it.each([
    ['trigger', 'trigger: [a.b, c.d], source: s, when: { x: 1 }, actions: [{ purge_tag: t, layers: [k, l] }]'],
    ['source', 'trigger: [a.b, c.*], source: r, when: { x: 1 }, actions: [{ purge_tag: t, layers: [k, l] }]'],
    ['filter', 'trigger: [a.b, c.*], source: s, when: { x: 2 }, actions: [{ purge_tag: t, layers: [k, l] }]'],
    ['filter type', 'trigger: [a.b, c.*], source: s, when: { x: "1" }, actions: [{ purge_tag: t, layers: [k, l] }]'],
    ['target', 'trigger: [a.b, c.*], source: s, when: { x: 1 }, actions: [{ purge_tag: u, layers: [k, l] }]'],
    ['kind', 'trigger: [a.b, c.*], source: s, when: { x: 1 }, actions: [{ expire_tag: t, layers: [k, l] }]'],
    ['layers', 'trigger: [a.b, c.*], source: s, when: { x: 1 }, actions: [{ purge_tag: t, layers: [k] }]'],
    [
      'namespace',
      'trigger: [a.b, c.*], source: s, when: { x: 1 }, actions: [{ purge_tag: t, namespace: n, layers: [k, l] }]',
    ],
    [
      'loop',
      'trigger: [a.b, c.*], source: s, when: { x: 1 }, for_each: i, actions: [{ purge_tag: t, layers: [k, l] }]',
    ],
  ])('changes with the %s', (_, contract) => {
    expect(set(`event_invalidation: [{ ${contract} }, { trigger: z, actions: [{ purge_tag: z }] }]`).hash).not.toBe(
      base.hash,
    );
  });

  it('changes with the array and the limit of a loop', () => {
    const loops = ['i', 'j', '{ path: i, limit: 5 }'].map((loop) =>
      set(`event_invalidation: { trigger: a, for_each: ${loop}, actions: [{ purge_tag: t }] }`),
    );
    expect(new Set(loops.map(({ hash }) => hash)).size).toBe(3);
  });

  it('of nothing is one too', () => {
    expect(compileContracts([]).hash).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe('a set', () => {
  it('has names that tell contracts apart', () => {
    const named = set(
      'event_invalidation: [{ trigger: a, actions: [{ purge_tag: t }] }, { trigger: a, actions: [{ purge_tag: u }] }, { trigger: b, name: "a#2", actions: [{ purge_tag: v }] }, { trigger: [a, b], actions: [{ purge_tag: w }] }]',
    );
    const names = named.contracts.map(({ name }) => name);
    expect(names).toEqual(['a', 'a#3', 'a#2', 'a, b']);
    expect(new Set(plan(named, event('a')).actions.map(({ contract }) => contract))).toEqual(
      new Set(['a', 'a#3', 'a, b']),
    );
  });

  it.each<[string, Partial<Contract>]>([
    ['c: ', { actions: [{ kind: 'purge_tag', template: 't-} {' }] }],
    ['for_each: ', { forEach: { path: 'a..b', limit: 5, limited: false } }],
  ])('is refused when some of it cannot be read, and says what (%s)', (about, part) => {
    const contract = { name: 'c', file: 'f', line: 1, triggers: ['a'], actions: [], ...part };
    expect(() => compileContracts([contract])).toThrow(new RegExp(`^${about}.+; |^${about}.+`));
    expect(() => compileContracts([contract])).toThrow(TypeError);
  });

  it('is refused with everything that is wrong in a template', () => {
    const action = { kind: 'purge_tag', template: 't-} {' } as const;
    const contract = { name: 'c', file: 'f', line: 1, triggers: ['a'], actions: [action] };
    expect(() => compileContracts([contract])).toThrow(/^c: .*"}" has no "{" before it; .*"{" has no "}" after it$/);
  });

  it('is compiled once, however often it plans', () => {
    const made = set('event_invalidation: { trigger: a, actions: [{ purge_tag: t }] }');
    expect(compiled(made)).toBe(compiled(made));
    const byHand = { hash: 'x', contracts: made.contracts };
    expect(compiled(byHand)).toBe(compiled(byHand));
  });

  it('is plain data: one that was put together by hand plans like one that was compiled', () => {
    const { contracts } = set('event_invalidation: { trigger: a, actions: [{ purge_tag: t }] }');
    expect(plan({ hash: 'x', contracts }, event('a')).actions).toEqual([
      { kind: 'purge_tag', target: 't', contract: 'a' },
    ]);
  });
});

describe('matching', () => {
  const contracts = set(`event_invalidation:
  - { name: plain, trigger: a.b, actions: [{ purge_tag: t }, { delete_key: 'k:{id}' }] }
  - { name: filtered, trigger: a.*, when: { x: 1 }, actions: [{ purge_tag: t }] }
  - { name: untold, trigger: a.*, when: { x: { gt: 1 } }, actions: [{ purge_tag: u }] }
  - { name: elsewhere, trigger: b.*, actions: [{ purge_tag: t }] }
`);

  it('names the contracts that an event triggers and what came of each', () => {
    expect(
      matching(contracts, event('a.b', { x: 'many' })).map(({ contract, applies, note }) => [
        contract.name,
        applies,
        note,
      ]),
    ).toEqual([
      ['plain', true, '2 actions; 1 problem: widened'],
      ['filtered', false, 'filter did not match'],
      ['untold', true, '1 action; the filter cannot be told from this event, which counts as a match'],
    ]);
  });

  it('of an explicit message is empty: no contract is asked', () => {
    expect(matching(contracts, { ...event('a.b'), explicit: [] })).toEqual([]);
  });
});

describe('templatesFor', () => {
  const contracts = set(`event_invalidation:
  - { name: key, trigger: a, actions: [{ delete_key: 'product:{id}' }, { purge_tag: 'product:{id}:{x}' }] }
  - { name: literal, trigger: a, actions: [{ expire_key: 'product:42' }, { purge_namespace: product }] }
  - { name: soft, trigger: a, actions: [{ refresh_key: 'page:{id}' }, { expire_tag: 'page:{id}' }] }
  - { name: url, trigger: a, actions: [{ purge_url: '/product:{id}' }, { refresh_projection: product }] }
`);
  const found = (target: string): string[] =>
    templatesFor(contracts, target).map(({ contract, action }) => `${contract.name} ${action.kind}`);

  it('finds the contracts that could give a key, a tag or a URL', () => {
    expect(found('product:42')).toEqual(['key delete_key', 'literal expire_key']);
    expect(found('product:42:x')).toEqual(['key delete_key', 'key purge_tag']);
    expect(found('/product:42')).toEqual(['url purge_url']);
    expect(found('page:1')).toEqual(['soft refresh_key', 'soft expire_tag']);
    expect(found('product:')).toEqual([]);
    expect(found('product')).toEqual([]);
    expect(found('')).toEqual([]);
  });
});

describe('columnsRead', () => {
  it('are those of templates, filters and loops, by entity', () => {
    const contracts = set(`event_invalidation:
  - trigger: [product.updated, product.deleted, shop.product.updated]
    when: { status: active, any: [{ before.kind: x }, { not: { $.subject: s } }], price: { changed: true } }
    for_each: tags
    actions: [{ delete_key: 'p:{id}' }, { purge_tag: 'c-{after.category}-{meta.color}-{$.type}' }, { purge_tag: 't-{item.x}' }, { purge_tag: all }]
  - { trigger: product.*, actions: [{ delete_key: 'p:{other}' }] }
  - { trigger: '*.deleted', actions: [{ delete_key: 'd:{key}' }] }
  - { trigger: '*', actions: [{ delete_key: 'd:{every}' }] }
  - { trigger: heartbeat, actions: [{ purge_tag: h }] }
`);
    const read = ['category', 'id', 'kind', 'meta', 'price', 'status', 'tags'];
    const columns = Object.fromEntries(
      [...columnsRead(contracts)].map(([entity, names]) => [entity, [...names].sort()]),
    );
    expect(columns).toEqual({
      product: [...read, 'other'].sort(),
      'shop.product': read,
      '*': ['key', 'every'].sort(),
      heartbeat: [],
    });
  });
});
