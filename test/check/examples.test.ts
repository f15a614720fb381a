// Every file in examples/contracts is read without a finding, and its tests hold.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { compileContracts } from '../../src/contracts/compile.ts';
import { parseContracts } from '../../src/contracts/parse.ts';
import { runContractTests } from '../../src/contracts/run-tests.ts';
import { kinds } from './kinds.ts';

const folder = join(import.meta.dirname, '..', '..', 'examples', 'contracts');
const files = readdirSync(folder).map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
const parsed = files.map(({ name, text }) => parseContracts(text, name));

describe('examples/contracts', () => {
  it.each(files.map(({ name }, i) => [name, parsed[i]] as const))('%s has no mistake', (_, file) => {
    expect(file?.findings).toEqual([]);
  });

  const { results, uncovered } = runContractTests(
    compileContracts(parsed.flatMap(({ contracts }) => contracts)),
    parsed.flatMap(({ tests }) => tests),
  );

  it.each(results.map((result) => [`${result.test.file}:${result.test.line} ${result.test.name}`, result] as const))(
    '%s',
    (_, result) => {
      expect({ missing: result.missing, unexpected: result.unexpected }).toEqual({ missing: [], unexpected: [] });
    },
  );

  it('each contract is covered by a test', () => {
    expect(results.length).toBeGreaterThan(10);
    expect(uncovered.map(({ name }) => name)).toEqual([]);
  });

  it('hold in one configuration together', () => {
    const { findings, tests } = loadConfig({
      kinds,
      baseDir: folder,
      object: {
        sources: {
          'shop-db': {
            type: 'postgres',
            url: 'postgres://127.0.0.1/shop',
            tables: { products: 'product', employees: 'employee' },
          },
        },
        layers: { local: { type: 'memory' }, edge: { type: 'varnish', url: 'http://127.0.0.1:6081' } },
        namespaces: { pages: { ttl: '10m' } },
        projections: { 'category-membership': { url: 'http://127.0.0.1:3000/refresh' } },
        contracts: ['*.yaml'],
      },
    });
    expect(findings).toEqual([]);
    expect(tests).toHaveLength(2);
  });

  it('begin with the comments that tell editors which schema to use', () => {
    for (const { name, text } of files) {
      expect(text.split('\n').slice(0, 2), name).toEqual([
        '# yaml-language-server: $schema=../../schema/contract.schema.json',
        '# $schema: ../../schema/contract.schema.json',
      ]);
    }
  });
});
