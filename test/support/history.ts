import fc from 'fast-check';
import type { ModelDatabase } from './model-database.ts';

export const IDS = [1, 2, 3, 4, 5];
export const CATEGORIES = [1, 2, 3];

/** Rows of `product`: id, category, v. */
export type Statement =
  | { readonly do: 'insert'; readonly id: number; readonly category: number; readonly v: number }
  | { readonly do: 'update'; readonly id: number; readonly v: number }
  | { readonly do: 'move'; readonly id: number; readonly category: number }
  | { readonly do: 'update many'; readonly category: number; readonly v: number }
  | { readonly do: 'delete'; readonly id: number }
  | { readonly do: 'truncate' };

export type Step =
  | { readonly step: 'transaction'; readonly statements: readonly Statement[]; readonly commit: boolean }
  /** A read that loads after a while and answers after another; the history goes on meanwhile. */
  | { readonly step: 'read'; readonly key: string; readonly beforeMs: number; readonly afterMs: number }
  | { readonly step: 'wait'; readonly ms: number };

const id = fc.constantFrom(...IDS);
const category = fc.constantFrom(...CATEGORIES);
const v = fc.nat(99);

const statement: fc.Arbitrary<Statement> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('insert' as const), id, category, v }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('update' as const), id, v }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('move' as const), id, category }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('update many' as const), category, v }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), id }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('truncate' as const) }) },
);

/** Every entry that may be cached: each row by its key, and the rows of a category by its tag. */
export const KEYS = [...IDS.map((one) => `product:${one}`), ...CATEGORIES.map((one) => `list:${one}`)];

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      step: fc.constant('transaction' as const),
      statements: fc.array(statement, { minLength: 1, maxLength: 4 }),
      commit: fc.integer({ min: 0, max: 5 }).map((n) => n > 0),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      step: fc.constant('read' as const),
      key: fc.constantFrom(...KEYS),
      beforeMs: fc.nat(40),
      afterMs: fc.nat(80),
    }),
  },
  { weight: 3, arbitrary: fc.record({ step: fc.constant('wait' as const), ms: fc.nat(60) }) },
);

export const histories = (maxLength: number): fc.Arbitrary<readonly Step[]> =>
  fc.array(step, { minLength: 3, maxLength, size: 'max' });

/** The contracts that make these entries end: complete, with both sides of a move between categories. */
export const CONTRACTS = [
  { name: 'row', trigger: 'product.*', actions: [{ delete_key: 'product:{id}' }] },
  { name: 'list', trigger: 'product.*', actions: [{ purge_tag: 'category-{category}' }] },
];

export function runOnModel(database: ModelDatabase, statements: readonly Statement[], commit: boolean): void {
  database.transact((tx) => {
    for (const one of statements) {
      switch (one.do) {
        case 'insert':
          tx.insert('product', { id: one.id, category: one.category, v: one.v });
          break;
        case 'update':
          tx.update('product', one.id, { v: one.v });
          break;
        case 'move':
          tx.update('product', one.id, { category: one.category });
          break;
        case 'update many':
          for (const row of database.rows('product'))
            if (row['category'] === one.category) tx.update('product', row.id, { v: one.v });
          break;
        case 'delete':
          tx.delete('product', one.id);
          break;
        case 'truncate':
          tx.truncate('product');
          break;
      }
    }
    return commit;
  });
}

/** The same as SQL. Every value is a number of ours. */
export function sqlOf(statements: readonly Statement[], commit: boolean): string {
  const lines = statements.map((one) => {
    switch (one.do) {
      case 'insert':
        return `insert into product values (${one.id}, ${one.category}, ${one.v}) on conflict do nothing`;
      case 'update':
        return `update product set v = ${one.v} where id = ${one.id}`;
      case 'move':
        return `update product set category = ${one.category} where id = ${one.id}`;
      case 'update many':
        return `update product set v = ${one.v} where category = ${one.category}`;
      case 'delete':
        return `delete from product where id = ${one.id}`;
      case 'truncate':
        return 'truncate product';
    }
  });
  return ['begin', ...lines, commit ? 'commit' : 'rollback'].join(';\n');
}
