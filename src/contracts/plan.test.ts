import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { actionsOf, contracts, event, one, problemsOf, row } from '../../test/support/planned.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import { plan } from './plan.ts';

const BRIEF = `event_invalidation:
  trigger: product.updated
  actions:
    - delete_key: product:{product_id}
    - purge_tag: product-{product_id}
    - refresh_projection: category-membership
`;

describe('the contract of the brief', () => {
  it('plans its three actions', () => {
    const planned = plan(contracts(BRIEF), event('product.updated', { product_id: 42 }));
    expect(planned.actions).toEqual([
      { kind: 'delete_key', target: 'product:42', contract: 'product.updated' },
      { kind: 'purge_tag', target: 'product-42', contract: 'product.updated' },
      { kind: 'refresh_projection', target: 'category-membership', contract: 'product.updated' },
    ]);
    expect(planned.problems).toEqual([]);
    expect(planned.contractHash).toBe(contracts(BRIEF).hash);
  });

  it('plans nothing for another event', () => {
    expect(actionsOf(contracts(BRIEF), event('product.deleted', { product_id: 42 }))).toEqual([]);
  });

  it('widens to every namespace when the field is missing, and says so', () => {
    const planned = plan(contracts(BRIEF), event('product.updated', {}));
    expect(planned.actions).toEqual([
      { kind: 'purge_namespace', target: '*', contract: 'product.updated', widened: true },
      { kind: 'refresh_projection', target: 'category-membership', contract: 'product.updated' },
    ]);
    expect(planned.problems.map(({ code, action }) => `${code} ${action}`)).toEqual([
      'FIELD_MISSING delete_key',
      'FIELD_MISSING purge_tag',
    ]);
  });
});

const ROW_KEYS = one(`  actions:
    - delete_key: product:{id}
    - purge_tag: category-{category}-{shop}
    - purge_tag: was-{before.category}
    - purge_tag: is-{after.category}
`);

describe('a row change', () => {
  it('that moves a row from one group to another ends both, pairing columns within one version of the row', () => {
    const moved = row('updated', { id: 1, category: 'a', shop: 'x' }, { id: 1, category: 'b', shop: 'y' });
    expect(actionsOf(ROW_KEYS, moved)).toEqual([
      'delete_key product:1',
      'purge_tag category-a-x',
      'purge_tag category-b-y',
      'purge_tag was-a',
      'purge_tag is-b',
    ]);
    expect(problemsOf(ROW_KEYS, moved)).toEqual([]);
  });

  it('that changes a key ends the old and the new key', () => {
    const renamed = row('updated', { id: 1, category: 'a', shop: 'x' }, { id: 2, category: 'a', shop: 'x' });
    expect(actionsOf(ROW_KEYS, renamed).slice(0, 2)).toEqual(['delete_key product:1', 'delete_key product:2']);
  });

  it('that inserts has nothing before, that deletes has nothing after: neither is a problem', () => {
    const inserted = row('created', null, { id: 1, category: 'a', shop: 'x' });
    expect(actionsOf(ROW_KEYS, inserted)).toEqual(['delete_key product:1', 'purge_tag category-a-x', 'purge_tag is-a']);
    const deleted = row('deleted', { id: 1, category: 'a', shop: 'x' }, null);
    expect(actionsOf(ROW_KEYS, deleted)).toEqual(['delete_key product:1', 'purge_tag category-a-x', 'purge_tag was-a']);
    expect([...problemsOf(ROW_KEYS, inserted), ...problemsOf(ROW_KEYS, deleted)]).toEqual([]);
  });

  it('known before by its key only widens what needs other columns, and keeps what it knows', () => {
    const partly = row('updated', { id: 1 }, { id: 1, category: 'b', shop: 'y' }, { beforeHas: 'key' });
    expect(actionsOf(ROW_KEYS, partly)).toEqual([
      'delete_key product:1',
      'purge_namespace * !',
      'purge_tag category-b-y',
      'purge_tag is-b',
    ]);
    expect(problemsOf(ROW_KEYS, partly)).toEqual(['BEFORE_UNKNOWN', 'BEFORE_UNKNOWN']);
    const gone = row('deleted', { id: 1 }, null, { beforeHas: 'key' });
    expect(actionsOf(ROW_KEYS, gone)).toEqual(['delete_key product:1', 'purge_namespace * !']);
    const nothing = row('updated', null, { id: 1, category: 'b', shop: 'y' }, { beforeHas: 'none' });
    expect(actionsOf(ROW_KEYS, nothing)).toEqual([
      'purge_namespace * !',
      'delete_key product:1',
      'purge_tag category-b-y',
      'purge_tag is-b',
    ]);
  });

  it('with an unknown column widens, even when the row shows a value for it', () => {
    const toast = row(
      'updated',
      { id: 1, category: 'a', shop: 'x' },
      { id: 1, category: 'a', shop: 'x' },
      { unknown: ['shop'] },
    );
    expect(actionsOf(ROW_KEYS, toast)).toEqual([
      'delete_key product:1',
      'purge_namespace * !',
      'purge_tag was-a',
      'purge_tag is-a',
    ]);
    expect(problemsOf(ROW_KEYS, toast)).toEqual(['COLUMN_UNKNOWN']);
  });

  it('without a column that a contract reads widens: the table has drifted from the contract', () => {
    const drifted = row('created', null, { id: 1, shop: 'x' });
    expect(problemsOf(ROW_KEYS, drifted)).toEqual(['COLUMN_UNKNOWN', 'COLUMN_UNKNOWN']);
  });

  it('reads columns as own properties, whatever a row is made of', () => {
    const set = one('  actions:\n    - delete_key: p:{constructor}\n');
    expect(problemsOf(set, row('created', null, { id: 1 }))).toEqual(['COLUMN_UNKNOWN']);
    expect(actionsOf(set, row('created', null, { constructor: 'ford' }))).toEqual(['delete_key p:ford']);
  });

  it('that empties the table widens every template with a field, applies literals, and is no problem', () => {
    const set = one(`  actions:
    - delete_key: product:{id}
      namespace: product
      layers: [local]
    - purge_tag: products
    - purge_tag: by-{$.source}
    - refresh_projection: membership
`);
    expect(actionsOf(set, row('truncated', null, null))).toEqual([
      'purge_namespace product on local !',
      'purge_tag products',
      'purge_tag by-db',
      'refresh_projection membership',
    ]);
    expect(problemsOf(set, row('truncated', null, null))).toEqual([]);
  });
});

describe('a problem', () => {
  it('widens to the namespace and the layers of its action', () => {
    const set = one(`  actions:
    - delete_key: product:{id}
      namespace: product
    - purge_url: /products/{id}
      layers: [edge]
`);
    expect(actionsOf(set, event('product.updated', { id: null }))).toEqual([
      'purge_namespace product !',
      'purge_namespace * on edge !',
    ]);
  });

  it('in one version of a row leaves the other version exact', () => {
    const set = one('  actions:\n    - purge_tag: c-{category}\n');
    const changed = row('updated', { category: null }, { category: 'b' });
    expect(actionsOf(set, changed)).toEqual(['purge_namespace * !', 'purge_tag c-b']);
    expect(problemsOf(set, changed)).toEqual(['FIELD_NULL']);
  });

  it('is avoided where the contract says that no value means no target', () => {
    const set = one('  actions:\n    - purge_tag: c-{category?}\n');
    expect(actionsOf(set, row('updated', { category: null }, { category: 'b' }))).toEqual(['purge_tag c-b']);
    // But what is unknown is not without a value.
    expect(actionsOf(set, row('updated', { id: 1 }, { id: 1, category: 'b' }, { beforeHas: 'key' }))).toEqual([
      'purge_namespace * !',
      'purge_tag c-b',
    ]);
  });
});

describe('a filter', () => {
  const FILTERED = one('  when: { status: active }\n  actions:\n    - purge_tag: c-{category}\n');

  it('that holds before or after the change lets the event through, for both versions', () => {
    const closed = row('updated', { status: 'active', category: 'a' }, { status: 'closed', category: 'b' });
    expect(actionsOf(FILTERED, closed)).toEqual(['purge_tag c-a', 'purge_tag c-b']);
    const opened = row('updated', { status: 'closed', category: 'a' }, { status: 'active', category: 'b' });
    expect(actionsOf(FILTERED, opened)).toEqual(['purge_tag c-a', 'purge_tag c-b']);
    expect(actionsOf(FILTERED, row('updated', { status: 'x', category: 'a' }, { status: 'y', category: 'b' }))).toEqual(
      [],
    );
  });

  it('on an unknown column counts as a match', () => {
    const partly = row('updated', { category: 'a' }, { category: 'a', status: 'closed' }, { beforeHas: 'key' });
    expect(actionsOf(FILTERED, partly)).toEqual(['purge_tag c-a']);
    expect(actionsOf(FILTERED, row('truncated', null, null))).toEqual(['purge_namespace * !']);
  });
});

describe('a plan', () => {
  it('holds an action once, whichever contracts ask for it', () => {
    const set = contracts(`event_invalidation:
  - { trigger: a.b, actions: [{ delete_key: k }, { delete_key: k, namespace: n }, { delete_key: k, layers: [y, x] }] }
  - { trigger: a.*, actions: [{ delete_key: k }, { delete_key: k, layers: [x, y] }] }
`);
    expect(actionsOf(set, event('a.b', {}))).toEqual(['delete_key k', 'delete_key k in n', 'delete_key k on y,x']);
  });

  it('tells layers apart, in whatever order they are named, and absent from named ones', () => {
    const set = contracts(`event_invalidation:
  - { trigger: a.b, actions: [{ delete_key: k, layers: [ab, c] }, { delete_key: k, layers: [a, bc] }, { delete_key: k, layers: [c, ab] }, { delete_key: k }] }
  - { trigger: a.b, name: other, actions: [{ delete_key: k, namespace: n }, { delete_key: k, namespace: m }] }
`);
    expect(actionsOf(set, event('a.b', {}))).toEqual([
      'delete_key k on ab,c',
      'delete_key k on a,bc',
      'delete_key k',
      'delete_key k in n',
      'delete_key k in m',
    ]);
  });

  it('has nothing in an action that its contract does not say', () => {
    const set = contracts('event_invalidation: { trigger: a, actions: [{ purge_tag: t }, { purge_tag: "t-{x}" }] }');
    expect(plan(set, event('a', {})).actions.map((action) => Object.keys(action))).toEqual([
      ['kind', 'target', 'contract'],
      ['kind', 'target', 'contract', 'widened'],
    ]);
    const explicit = event('x', {}, { explicit: [{ kind: 'purge_tag', target: 't' }] });
    expect(plan(set, explicit).actions.map((action) => Object.keys(action))).toEqual([['kind', 'target', 'contract']]);
  });

  it('of an explicit message is what the message says', () => {
    const explicit = event(
      'tidemark.invalidation',
      {},
      {
        explicit: [
          { kind: 'purge_tag', target: 't' },
          { kind: 'delete_key', target: 'k', namespace: 'n' },
        ],
      },
    );
    expect(
      plan(contracts('event_invalidation: { trigger: "*", actions: [{ purge_tag: all }] }'), explicit).actions,
    ).toEqual([
      { kind: 'purge_tag', target: 't', contract: 'explicit' },
      { kind: 'delete_key', target: 'k', namespace: 'n', contract: 'explicit' },
    ]);
  });

  it('keeps to the source that a contract names', () => {
    const set = one('  source: db\n  actions:\n    - purge_tag: t\n');
    expect(actionsOf(set, event('product.updated', {}))).toEqual([]);
    expect(actionsOf(set, event('product.updated', {}, { source: 'db' }))).toEqual(['purge_tag t']);
  });

  it('is the same for the same event, never throws, and names nothing made up', () => {
    const set = contracts(`event_invalidation:
  - { trigger: product.*, actions: [{ delete_key: 'p:{a}' }, { purge_tag: 't-{a.b}-{c}' }, { purge_tag: 'u-{before.a}-{after.c}' }] }
  - { trigger: '*', for_each: 'c', when: { any: [{ a: { gt: 3 } }, { a: { changed: true } }] }, actions: [{ expire_tag: 'i-{item}' }] }
`);
    const names = fc.constantFrom('a', 'b', 'c', '__proto__', 'length');
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom(null, true, 0, 1.5, 'x', '{a}', ''),
        tie('object'),
        fc.array(tie('value'), { maxLength: 3 }),
      ),
      object: fc.dictionary(names, tie('value'), { maxKeys: 3 }),
    }));
    const object = json.object as fc.Arbitrary<JsonObject>;
    const change = fc.record({
      relation: fc.constant('t'),
      op: fc.constantFrom('created', 'updated', 'deleted', 'truncated'),
      before: fc.option(object),
      after: fc.option(object),
      beforeHas: fc.constantFrom('full', 'key', 'none'),
      unknown: fc.array(names, { maxLength: 2 }),
    });
    fc.assert(
      fc.property(json.value as fc.Arbitrary<JsonValue>, fc.option(change, { nil: undefined }), (data, rowChange) => {
        const given = event('product.updated', data, rowChange === undefined ? {} : { row: rowChange });
        const planned = plan(set, given);
        expect(plan(set, structuredClone(given))).toEqual(planned);
        for (const { target, kind } of planned.actions) {
          expect(target).not.toMatch(/undefined|null|\[object/);
          if (kind !== 'purge_namespace') expect(target).toMatch(/^(p:|t-|u-|i-)./);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
