// Goal: the example of the README compiles, runs and says what its comments say. Method: it stands here between two
// marks, and the README must have the same lines.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Tidemark } from '../../src/index.ts';

interface Product {
  readonly price: number;
}

const root = join(import.meta.dirname, '..', '..');
const home = process.cwd();
const db = { price: 10, loadProduct: (_id: number): Promise<Product> => Promise.resolve({ price: db.price }) };
const said: unknown[] = [];
const console = { log: (value: unknown): void => void said.push(value) };

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-readme-'));
  await mkdir(join(folder, 'contracts'));
  const blocks = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^cat > (\S+) <<'YAML'\n([^]*?)^YAML$/gm)];
  for (const [, path = '', text = ''] of blocks)
    await writeFile(join(folder, path), text.replace('purge_tags', 'purge_tag').replace(/^server:.*\n/m, ''));
  process.chdir(folder);
});
afterAll(async () => {
  process.chdir(home);
  await rm(folder, { recursive: true, force: true });
});

test('the example of the README runs and says what its comments say', async () => {
  // -- README
  const tide = await Tidemark.start({ config: 'tidemark.yaml' });
  const products = tide.cache<Product>('product');

  const find = (id: number) => ({
    key: `product:${id}`,
    tags: [`product-${id}`],
    factory: () => db.loadProduct(id),
  });
  const product = await products.getOrSet(find(42));

  // The same with the proof: how old can this be, and who says so?
  const { value, maxAgeMs, trust, reason } = await products.read(find(42));

  // Resolves when it is durable; `applied` resolves when every layer has it.
  const emitted = tide.emit({ type: 'product.updated', data: { product_id: 42 } });
  const { offset } = await emitted;
  console.log(await emitted.applied); // { local: 'applied' }

  // Read your own write, whatever loads are under way.
  const fresh = await products.getOrSet({ ...find(42), atLeast: offset });

  await tide.close();
  // -- README
  expect(product).toEqual({ price: 10 });
  expect(value).toEqual(product);
  expect(fresh).toEqual(product);
  expect(maxAgeMs).toBeGreaterThanOrEqual(0);
  expect(trust).toBe('ttl');
  expect(reason).toContain('max_staleness');
  expect(said).toEqual([{ local: 'applied' }]);
});

test('the README shows exactly that', () => {
  const [, example = ''] = readFileSync(join(root, 'test', 'e2e', 'readme.test.ts'), 'utf8').split('  // -- README\n');
  const shown = /^```ts\nimport .*\n\n([^]*?)^```$/m.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1];
  expect(shown).toBe(example.replace(/^ {2}/gm, ''));
});
