import { expect, it } from 'vitest';
import { z } from 'zod';
import { defaultName, postgresOptions } from './options.ts';

const base = { url: 'postgres://u:p@h/d', tables: { 'public.products': 'product' } };
const issues = (input: unknown): string[] =>
  postgresOptions.safeParse(input).error?.issues.map(({ path }) => path.join('.')) ?? [];

it('needs a url and tables, and nothing else', () => {
  const options = postgresOptions.parse(base);
  expect(options).toMatchObject({ create: true, gate: true, heartbeat: 250, messages: [] });
  expect([...options.tables]).toEqual([['public.products', 'product']]);
  expect(String(options.url)).toBe('***');
  expect(issues({})).toEqual(['url', 'tables']);
});

it('names entities after tables when they are a list, and schemas default to public', () => {
  expect([...postgresOptions.parse({ ...base, tables: ['products', 'shop.orders'] }).tables]).toEqual([
    ['public.products', 'products'],
    ['shop.orders', 'orders'],
  ]);
});

it('refuses what cannot be', () => {
  expect(issues({ ...base, tables: {} })).toEqual(['tables']);
  expect(issues({ ...base, tables: { 'a.b.c': 'x' } })).toHaveLength(1);
  expect(issues({ ...base, tables: { a: 'no spaces' } })).toHaveLength(1);
  expect(issues({ ...base, slot: 'Upper' })).toEqual(['slot']);
  expect(issues({ ...base, heartbeat: 'soon' })).toEqual(['heartbeat']);
  expect(issues({ ...base, slots: 'x' })).toEqual(['']);
});

it('makes names for slot and publication that PostgreSQL accepts', () => {
  expect(defaultName('shop-db')).toBe('tidemark_shop_db');
  expect(defaultName('Ä'.repeat(100))).toMatch(/^[a-z0-9_]{63}$/);
});

it('can be shown as a JSON schema', () => {
  expect(() => z.toJSONSchema(postgresOptions, { io: 'input', target: 'draft-7' })).not.toThrow();
});
