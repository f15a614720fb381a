// The JSON Schemas that editors use: up to date, and of one mind with the checks that Tidemark itself makes.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastify from 'fastify';
import { format, resolveConfig } from 'prettier';
import { afterAll, describe, expect, it } from 'vitest';
import { configJsonSchema, contractJsonSchema } from '../../src/config/json-schema.ts';
import { maskReferences, unmaskTree } from '../../src/config/env.ts';
import { plainOf } from '../../src/contracts/tree.ts';
import { parseYaml } from '../../src/contracts/yaml.ts';
import { journalKinds } from '../../src/journal/index.ts';
import { layerKinds } from '../../src/layers/index.ts';
import { sourceKinds } from '../../src/sources/index.ts';
import { kinds } from './kinds.ts';

const root = join(import.meta.dirname, '..', '..');
const real = { sources: sourceKinds, journals: journalKinds, layers: layerKinds };

describe('a committed schema is what the code says (else: npm run generate)', () => {
  it.each([
    ['schema/contract.schema.json', contractJsonSchema()],
    ['schema/tidemark.schema.json', configJsonSchema(real)],
  ])('%s', async (name, schema) => {
    const path = join(root, name);
    const text = await format(JSON.stringify(schema), { ...(await resolveConfig(path)), filepath: path });
    expect(readFileSync(path, 'utf8')).toBe(text);
  });
});

/** The draft-07 validator that comes with the HTTP server, as a person's editor would apply one. */
const customOptions = { removeAdditional: false, coerceTypes: false, useDefaults: false, strict: false } as const;
const app = fastify({ ajv: { customOptions } });
app.post('/contracts', { schema: { body: contractJsonSchema() } }, () => 'ok');
app.post('/config', { schema: { body: configJsonSchema(kinds) } }, () => 'ok');
afterAll(() => app.close());

async function takes(url: '/contracts' | '/config', value: unknown): Promise<boolean> {
  const { statusCode } = await app.inject({ method: 'POST', url, payload: { ...(value as object) } });
  return statusCode === 200;
}

const documents = (text: string): unknown[] =>
  parseYaml(maskReferences(text), 'schema.yaml').documents.map(({ tree }) => plainOf(unmaskTree(tree)));

describe('the schema of contracts', () => {
  const examples = join(root, 'examples', 'contracts');

  it.each(readdirSync(examples))('takes examples/contracts/%s', async (name) => {
    for (const document of documents(readFileSync(join(examples, name), 'utf8')))
      expect(await takes('/contracts', document)).toBe(true);
  });

  it.each([
    'event_invalidation: { triger: a, actions: [{ purge_tag: t }] }',
    'event_invalidation: { trigger: a }',
    'event_invalidation: { trigger: a, actions: [] }',
    'event_invalidation: { trigger: a, actions: [{ purge_tag: t, delete_key: k }] }',
    'event_invalidation: { trigger: a, actions: [{ namespace: n }] }',
    'event_invalidation: { trigger: a, actions: [{ purge_tag: 5 }] }',
    'event_invalidation: { trigger: a, when: { b: { gtt: 5 } }, actions: [{ purge_tag: t }] }',
    'event_invalidation: { trigger: a, for_each: { paths: x }, actions: [{ purge_tag: t }] }',
    'tests: [{ event: { typ: a }, expect: [] }]',
    'triggers: a',
  ])('refuses %s', async (text) => {
    for (const document of documents(text)) expect(await takes('/contracts', document)).toBe(false);
  });
});

describe('the schema of the configuration', () => {
  it.each([
    'version: 1',
    'journal: { type: sqlite, path: x.db, retention: 7d }',
    'journal: { path: x.db }',
    'server: { listen: 127.0.0.1:4100, admin_token: ${TOKEN} }',
    'sources: { app: { type: http, max_batch: ${MANY} } }',
    'sources: { db: { type: postgres, url: ${URL}, tables: { public.products: product } } }',
    'layers: { local: { type: memory, max_entries: 5 }, edge: { type: varnish, url: "http://127.0.0.1:6081" } }',
    'namespaces: { product: { ttl: 10m, max_staleness: ${BOUND:-2s}, when_uncertain: bypass } }',
    'namespaces: { product: { ttl: 600000 } }',
    'contracts: contracts/*.yaml',
    'contracts: [a.yaml, { trigger: a, actions: [{ purge_tag: t }] }]',
    'event_invalidation: { trigger: a, actions: [{ purge_tag: t }] }',
  ])('takes %s', async (text) => {
    for (const document of documents(text)) expect(await takes('/config', document)).toBe(true);
  });

  it.each([
    'version: 2',
    'journal: { type: sqlit }',
    'journal: { type: memory, path: x.db }',
    'server: { listn: 127.0.0.1:4100 }',
    'sources: { app: { typ: http } }',
    'sources: { app: { type: http, max_batch: many } }',
    'sources: { app: { type: http, max_batchs: 5 } }',
    'sources: { 9lives: { type: http } }',
    'layers: { edge: { type: varnish } }',
    'namespaces: { product: { max_staleness: 2s } }',
    'namespaces: { product: { ttl: ten minutes } }',
    'namespaces: { product: { ttl: 10m, when_uncertain: bypas } }',
    'contracts: [5]',
    'event_invalidation: { trigger: ${TRIGGER}, actions: [{ purge_tag: 5 }] }',
  ])('refuses %s', async (text) => {
    for (const document of documents(text)) expect(await takes('/config', document)).toBe(false);
  });
});
