/**
 * The contract of the brief, byte for byte, from a file, through the whole system on embedded defaults: an event evicts
 * the key, purges the tag and refreshes the projection; replaying it does no harm.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Tidemark, type Observation, type Offset } from '../../src/index.ts';

const BRIEF = `event_invalidation:
  trigger: product.updated
  actions:
    - delete_key: product:{product_id}
    - purge_tag: product-{product_id}
    - refresh_projection: category-membership
`;

const CONFIG = `version: 1
namespaces:
  product: { ttl: 10m }
projections:
  category-membership: { debounce: 5ms }
contracts: [contracts/*.yaml]
`;

describe('the contract of the brief', () => {
  let folder: string;
  let tide: Tidemark;
  let refreshes: number;
  const start = async (): Promise<void> => {
    const config = join(folder, 'tidemark.yaml');
    tide = await Tidemark.start({ config, projections: { 'category-membership': () => void refreshes++ } });
  };
  const observed = (type: Observation['type']): Promise<Observation> =>
    new Promise((resolve) => {
      const stop = tide.on(type, (observation) => {
        stop();
        resolve(observation);
      });
    });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-brief-'));
    refreshes = 0;
    await writeFile(join(folder, 'tidemark.yaml'), CONFIG);
    await mkdir(join(folder, 'contracts'));
    await writeFile(join(folder, 'contracts', 'product.yaml'), BRIEF);
    await start();
  });
  afterEach(async () => {
    await tide.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('evicts the key, purges the tag and refreshes the projection', async () => {
    const products = tide.cache<string>('product');
    let source = 'v1';
    const read = (key: string, tags: string[]): Promise<string> =>
      products.getOrSet({ key, tags, factory: () => source });
    await read('product:42', []);
    await read('page:42', ['product-42']);
    await read('product:43', ['product-43']);
    source = 'v2';
    expect(await read('product:42', [])).toBe('v1');

    const refreshed = observed('projection:refreshed');
    const emission = tide.emit({ type: 'product.updated', data: { product_id: 42 } });
    expect((await emission).duplicate).toBe(false);
    expect(await emission.applied).toEqual({ local: 'applied' });

    expect(await read('product:42', [])).toBe('v2');
    expect(await read('page:42', ['product-42'])).toBe('v2');
    expect(await read('product:43', ['product-43'])).toBe('v1');
    await refreshed;
    expect(refreshes).toBe(1);
  });

  it('does no harm when it is replayed: what was loaded since is loaded again, nothing old comes back', async () => {
    const products = tide.cache<string>('product');
    let source = 'v1';
    const read = (): Promise<string> => products.getOrSet({ key: 'product:42', factory: () => source });
    await read();
    await tide.emit({ type: 'product.updated', data: { product_id: 42 } }).applied;
    source = 'v2';
    await read();
    const report = await tide.replay({ from: 1 as Offset });
    expect(report).toMatchObject({
      matched: 1,
      replayed: 1,
      actions: { delete_key: 1, purge_tag: 1, refresh_projection: 1 },
    });
    expect(await read()).toBe('v2');
  });

  it('has one effect for one event id, however often it is sent', async () => {
    const event = { id: 'e-1', type: 'product.updated', data: { product_id: 42 } };
    await tide.emit(event).applied;
    const products = tide.cache<string>('product');
    await products.getOrSet({ key: 'product:42', factory: () => 'v2' });
    expect((await tide.emit(event)).duplicate).toBe(true);
    expect(products.peek('product:42')).toBe('v2');
  });

  it('is durable: a refresh that was asked for before a restart is done after it', async () => {
    const { offset } = await tide.emit({ type: 'product.updated', data: { product_id: 42 } });
    await tide.close();
    const before = refreshes;
    await start();
    expect(tide.head).toBe(offset);
    if (before === 0) await observed('projection:refreshed');
    expect(refreshes).toBe(1);
  });

  it('says what it would do without doing it', () => {
    const preview = tide.preview({ type: 'product.updated', data: { product_id: 42 } });
    expect(preview.layers).toEqual([
      { layer: 'local', actions: ['delete_key: product:42', 'purge_tag: product-42'], skipped: [] },
    ]);
    expect(preview.plan.actions.map(({ kind, target }) => `${kind} ${target}`)).toContain(
      'refresh_projection category-membership',
    );
    expect(tide.head).toBe(0);
  });

  it('never invents a key: an event without the field is a dead letter and widens', async () => {
    const products = tide.cache<string>('product');
    await products.getOrSet({ key: 'product:42', factory: () => 'v1' });
    await tide.emit({ type: 'product.updated', data: { other: 1 } }).applied;
    expect(products.peek('product:42')).toBeUndefined();
    const letters = await tide.deadLetters();
    expect(letters.length).toBeGreaterThan(0);
    expect(letters[0]).toMatchObject({ stage: 'plan', event: { type: 'product.updated' } });
  });

  it('explains a key: what ends it, what last did, what is held', async () => {
    const products = tide.cache<string>('product');
    await tide.emit({ type: 'product.updated', data: { product_id: 42 } }).applied;
    await products.getOrSet({ key: 'product:42', tags: ['product-42'], factory: () => 'v1' });
    const explanation = await tide.explain('product:42');
    expect(explanation.endedBy.map(({ action }) => action)).toEqual([
      'delete_key: product:{product_id}',
      'purge_tag: product-{product_id}',
    ]);
    expect(explanation.last[0]).toMatchObject({ offset: 1, type: 'product.updated' });
    expect(explanation.held[0]).toMatchObject({ layer: 'local', namespace: 'product', verdict: 'serve' });
  });
});
