import { describe, expect, it } from 'vitest';
import { actionsOf, event, one, problemsOf, row } from '../../test/support/planned.ts';
import type { ChangeEvent } from '../model/event.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import { compiled } from './compile.ts';
import { judgeContract, plan } from './plan.ts';

const LOOP = one(`  for_each: { path: items, limit: 3 }
  actions:
    - delete_key: product:{item.id}
    - purge_tag: sku-{item.sku}-{order}
    - delete_key: order:{order}
`);

describe('for_each', () => {
  it('plans once for each item, and once for what does not read it', () => {
    const order = event('product.ordered', {
      order: 9,
      items: [
        { id: 1, sku: 'a' },
        { id: 2, sku: 'b' },
      ],
    });
    expect(actionsOf(LOOP, order)).toEqual([
      'delete_key product:1',
      'delete_key product:2',
      'purge_tag sku-a-9',
      'purge_tag sku-b-9',
      'delete_key order:9',
    ]);
  });

  it('takes scalars as items', () => {
    const set = one('  for_each: ids\n  actions:\n    - delete_key: p:{item}\n');
    expect(actionsOf(set, event('product.x', { ids: [1, 'b', 1] }))).toEqual(['delete_key p:1', 'delete_key p:b']);
  });

  it('of an array that may be missing goes over it when it is there', () => {
    const set = one('  for_each: items?\n  actions:\n    - delete_key: p:{item}\n');
    expect(actionsOf(set, event('product.x', { items: [1, 2] }))).toEqual(['delete_key p:1', 'delete_key p:2']);
  });

  it('may go over a field that is called item, which is a field like any other elsewhere', () => {
    const loop = one('  for_each: item\n  actions:\n    - delete_key: p:{item}\n');
    expect(actionsOf(loop, event('product.x', { item: [1] }))).toEqual(['delete_key p:1']);
    const plain = one('  actions:\n    - delete_key: p:{item}\n');
    expect(actionsOf(plain, event('product.x', { item: 1 }))).toEqual(['delete_key p:1']);
  });

  it('cannot tell whether an item has changed, whatever columns the row has', () => {
    const set = one(
      '  for_each: tags\n  when: { item.x: { changed: true } }\n  actions:\n    - purge_tag: t-{item.x}\n',
    );
    expect(actionsOf(set, row('updated', { tags: [{ x: 1 }], x: 5 }, { tags: [{ x: 1 }], x: 5 }))).toEqual([
      'purge_tag t-1',
    ]);
  });

  it('of an empty array, filtered by item, has no item that could match', () => {
    const set = one('  for_each: items\n  when: { item.kind: book }\n  actions:\n    - purge_tag: books\n');
    expect(actionsOf(set, event('product.x', { items: [] }))).toEqual([]);
    expect(actionsOf(set, event('product.x', { items: [{ kind: 'book' }] }))).toEqual(['purge_tag books']);
  });

  it('of the row before an insert has nothing to go over, which is no problem', () => {
    const set = one('  for_each: before.tags\n  actions:\n    - purge_tag: t-{item}\n');
    expect(plan(set, row('created', null, { tags: ['a'] }))).toMatchObject({ actions: [], problems: [] });
    expect(actionsOf(set, row('deleted', { tags: ['a'] }, null))).toEqual(['purge_tag t-a']);
  });

  it('of an empty array leaves the actions that do not read an item', () => {
    expect(actionsOf(LOOP, event('product.ordered', { order: 9, items: [] }))).toEqual(['delete_key order:9']);
  });

  it.each<[string, JsonValue, string]>([
    ['missing', {}, 'FOR_EACH_MISSING'],
    ['null', { items: null }, 'FOR_EACH_MISSING'],
    ['an object', { items: { length: 1 } }, 'FOR_EACH_NOT_ARRAY'],
    ['too long', { items: [1, 2, 3, 4] }, 'FOR_EACH_LIMIT'],
  ])('of an array that is %s widens', (_, data, code) => {
    const order = event('product.ordered', { order: 9, ...(data as JsonObject) });
    expect(actionsOf(LOOP, order)).toEqual(['purge_namespace * !', 'delete_key order:9']);
    expect(new Set(problemsOf(LOOP, order))).toEqual(new Set([code]));
  });

  it('of an optional array that is null plans nothing for items', () => {
    const set = one('  for_each: items?\n  actions:\n    - delete_key: p:{item}\n');
    expect(plan(set, event('product.x', { items: null }))).toMatchObject({ actions: [], problems: [] });
  });

  it('of one bad item widens for it and keeps the others exact', () => {
    const order = event('product.ordered', { order: 9, items: [{ id: 1, sku: 'a' }, { sku: 'b' }] });
    expect(actionsOf(LOOP, order)).toContain('delete_key product:1');
    expect(actionsOf(LOOP, order)).toContain('purge_namespace * !');
  });

  it('of a row takes the items before and after the change', () => {
    const set = one('  for_each: tags\n  actions:\n    - purge_tag: t-{item}\n');
    expect(actionsOf(set, row('updated', { tags: ['a', 'b'] }, { tags: ['b', 'c'] }))).toEqual([
      'purge_tag t-a',
      'purge_tag t-b',
      'purge_tag t-c',
    ]);
    expect(actionsOf(set, row('updated', { id: 1 }, { id: 1, tags: ['b'] }, { beforeHas: 'key' }))).toEqual([
      'purge_namespace * !',
    ]);
    expect(actionsOf(set, row('truncated', null, null))).toEqual(['purge_namespace * !']);
    expect(problemsOf(set, row('truncated', null, null))).toEqual([]);
  });

  it('can be filtered by item', () => {
    const set = one(
      '  for_each: items\n  when: { item.kind: book, open: true }\n  actions:\n    - delete_key: p:{item.id}\n',
    );
    const order = (open: boolean): ChangeEvent =>
      event('product.x', {
        open,
        items: [
          { id: 1, kind: 'book' },
          { id: 2, kind: 'toy' },
        ],
      });
    expect(actionsOf(set, order(true))).toEqual(['delete_key p:1']);
    expect(actionsOf(set, order(false))).toEqual([]);
  });

  it('without an item that its filter lets through plans nothing at all', () => {
    const set = one('  for_each: items\n  when: { item.kind: book }\n  actions:\n    - purge_tag: all\n');
    expect(actionsOf(set, event('product.x', { items: [{ kind: 'toy' }] }))).toEqual([]);
    const but = one('  for_each: items\n  when: { not: { item.kind: book } }\n  actions:\n    - purge_tag: all\n');
    expect(actionsOf(but, event('product.x', { items: [{ kind: 'book' }] }))).toEqual([]);
    expect(actionsOf(but, event('product.x', { items: [] }))).toEqual(['purge_tag all']);
  });

  it('of what cannot be gone over counts as a match, whatever its items would have been', () => {
    const set = one('  for_each: items\n  when: { item.kind: book }\n  actions:\n    - purge_tag: all\n');
    expect(actionsOf(set, event('product.x', {}))).toEqual(['purge_tag all']);
    const [contract] = compiled(set).contracts;
    expect(contract && judgeContract(contract, event('product.x', {})).verdict).toBe('unknown');
  });
});
