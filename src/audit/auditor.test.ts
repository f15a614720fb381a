/**
 * The auditor over the real engine and a model database, in virtual time: what it finds, what it must not find, and what
 * it says of both.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { Cache } from '../client/cache.ts';
import type { Receipt } from '../operations.ts';
import { MemoryStore } from '../layers/memory/store.ts';
import { cacheOf } from '../service/cache-of.ts';
import { ModelWorld, type WorldOptions } from '../../test/support/model-world.ts';
import type { Row } from '../../test/support/model-database.ts';

const PRODUCT = { name: 'product', trigger: 'product.*', actions: [{ delete_key: 'product:{id}' }] };
const NOTHING = { name: 'other', trigger: 'order.*', actions: [{ delete_key: 'order:{id}' }] };

const config = (over: Record<string, unknown> = {}): WorldOptions['config'] => ({
  namespaces: { product: { ttl: '1h', max_staleness: '2s' } },
  contracts: [PRODUCT],
  auditor: { rate: 10, events: false },
  ...over,
});

let world: ModelWorld;
let products: Cache<Row | null, Receipt>;

async function start(over: Record<string, unknown> = {}, feed?: WorldOptions['feed']): Promise<void> {
  world = await ModelWorld.start({ seed: 1, config: config(over), ...(feed ? { feed } : {}) });
  products = world.cache('product');
  await world.advance(1_000);
}

afterEach(() => world.close());

const write = (id: number, v: number): void => {
  world.database.transact((tx) => {
    if (world.database.get('product', id)) tx.update('product', id, { v });
    else tx.insert('product', { id, v });
  });
};

function read(id: number, tags: readonly string[] = []): Promise<Row | null> {
  const factory = (): Row | null => world.database.get('product', id);
  return products.getOrSet({ key: `product:${id}`, tags, factory });
}

const found = () => world.audit.namespaces[0]!;

describe('a change that no contract reads', () => {
  it('is found, with where the value differs and that nothing can end the key', async () => {
    await start({ contracts: [NOTHING] });
    write(1, 10);
    await read(1, ['category-7']);
    write(1, 12);
    await world.advance(2_000);
    expect(world.violations.map(({ fields }) => fields)).toMatchObject([
      {
        namespace: 'product',
        key: 'product:1',
        scale: 'sampled',
        where: ['v differs (a number)'],
        contracts: [],
        why: 'Nothing can end this key: no contract has a template that gives it or one of its tags (its tags are category-7)',
      },
    ]);
    expect(found().violations).toBeGreaterThan(0);
    expect(world.audit.violations).toMatchObject([{ key: 'product:1', where: ['v differs (a number)'] }]);
  });

  it('names the contracts that should have ended it, and what came that did not', async () => {
    const wrong = {
      name: 'by-sku',
      trigger: 'product.updated',
      when: { v: { gt: 100 } },
      actions: [{ delete_key: 'product:{id}' }, { purge_tag: 'category-{v}' }],
    };
    await start({
      contracts: [wrong, { name: 'all', trigger: 'import.done', actions: [{ purge_namespace: 'product' }] }],
    });
    write(1, 10);
    await read(1, ['category-7']);
    write(1, 12);
    write(2, 12);
    write(2, 13);
    await world.advance(2_000);
    const { contracts, why } = world.violations[0]!.fields;
    expect(contracts).toEqual(['by-sku', 'all']);
    expect(why).toBe(
      'The contracts that can end it are "by-sku" (delete_key: product:{id}, on product.updated), "by-sku" (purge_tag: ' +
        'category-{v}, on product.updated), "all" (purge_namespace: product, on import.done). Since its load at #0 2 events ' +
        'came that they read, and none named it; no event that is kept named it. Either the source left a change out, or ' +
        'no contract reads what changed',
    );
  });
});

describe('a feed that leaves a change out', () => {
  it('is found, and the last event that did name the key is told', async () => {
    let silent = false;
    await start({}, () => ({ omits: () => silent }));
    write(1, 10);
    await world.advance(200);
    await read(1);
    silent = true;
    write(1, 11);
    await world.advance(2_000);
    expect(world.violations[0]?.fields).toMatchObject({ key: 'product:1', contracts: ['product'], lastNamed: 1 });
    expect(world.violations[0]?.fields['why']).toContain(
      'no event came that they read; the last that named it was #1 product.created',
    );
  });

  it('is told once for an entry, however often it is drawn, and every check is counted', async () => {
    let silent = false;
    await start({}, () => ({ omits: () => silent }));
    write(1, 10);
    await read(1);
    silent = true;
    write(1, 11);
    await world.advance(10_000);
    expect(world.violations).toHaveLength(1);
    expect(found().violations).toBeGreaterThan(20);
    expect(found().words).toMatch(/ of \d+ wrong: /);
  });
});

describe('healing', () => {
  it('ends what is wrong through the journal, so that the next reader loads it', async () => {
    await start({ contracts: [NOTHING], auditor: { rate: 10, events: false, heal: true } });
    write(1, 10);
    await read(1);
    write(1, 12);
    await world.advance(3_000);
    expect(products.peek('product:1')).toBeUndefined();
    expect(await read(1)).toMatchObject({ v: 12 });
    expect(found()).toMatchObject({ violations: 1, healed: 1 });
    const { journal } = world.engine;
    const [entry] = await journal.mentions('product:1', 1, 100);
    expect(entry).toMatchObject({
      event: { type: 'tidemark.invalidation', data: { reason: 'the auditor found it wrong' } },
    });
    expect(world.violations[0]?.fields['why']).toContain('Nothing can end this key');
  });

  it('is left to people unless it is asked for', async () => {
    await start({ contracts: [NOTHING] });
    write(1, 10);
    await read(1);
    write(1, 12);
    await world.advance(3_000);
    expect(products.peek('product:1')).toMatchObject({ v: 10 });
    expect(found().healed).toBe(0);
  });
});

describe('what cannot be decided', () => {
  it('waits while proofs stand still, then counts as undecided, and is decided when they come in time', async () => {
    await start({ contracts: [NOTHING], auditor: { rate: 1, events: false, wait: '30s' } });
    write(1, 10);
    await read(1);
    world.silence(true);
    await world.advance(200);
    const before = found().checked;
    write(1, 12);
    await world.advance(20_000);
    expect(world.violations).toEqual([]);
    expect(found()).toMatchObject({ checked: before, undecided: 0 });
    expect(world.audit.waiting).toBe(1);
    await world.advance(20_000);
    expect(found()).toMatchObject({ checked: before, undecided: 1 });
    world.silence(false);
    await world.advance(20_000);
    expect(world.violations).toHaveLength(1);
  });

  it('is a value that was handed in: it has no factory, and is counted', async () => {
    await start();
    await products.set({ key: 'product:1', value: { id: 1, v: 1 } });
    await world.advance(5_000);
    expect(found().withoutFactory).toBeGreaterThan(0);
    expect(found()).toMatchObject({ checked: 0, undecided: 0 });
  });

  it('is a load that fails, and one whose value is not to be stored', async () => {
    await start();
    let down = false;
    await products.getOrSet({
      key: 'product:1',
      factory: () => {
        if (down) throw new Error('connection refused');
        return { id: 1, v: 1 };
      },
    });
    let skips = false;
    await products.getOrSet({
      key: 'product:2',
      factory: ({ skip }) => {
        if (skips) skip();
        return { id: 2, v: skips ? 7 : 1 };
      },
    });
    down = skips = true;
    await world.advance(10_000);
    expect(found().failed).toBeGreaterThan(10);
    expect(found().undecided).toBeGreaterThan(10);
    expect(world.violations).toEqual([]);
  });

  it('is a namespace that no source proves: it is not looked at, and says why', async () => {
    let loads = 0;
    await start({ namespaces: { product: { ttl: '1h' } }, auditor: { rate: 10 } });
    await products.getOrSet({ key: 'product:1', factory: () => ({ id: 1, v: ++loads }) });
    expect(found().undecidable).toBeUndefined();
    await world.close();

    loads = 0;
    world = await ModelWorld.start({ seed: 1, config: config(), proves: false });
    products = world.cache('product');
    await products.getOrSet({ key: 'product:1', factory: () => ({ id: 1, v: ++loads }) });
    await world.advance(10_000);
    expect(loads).toBe(1);
    expect(found().words).toBe('none of its sources can prove what has been applied');
  });

  it('is nothing of a namespace that is left out', async () => {
    await start({
      namespaces: { product: { ttl: '1h' }, order: { ttl: '1h' } },
      auditor: { rate: 10, namespaces: ['order'] },
    });
    let loads = 0;
    await products.getOrSet({ key: 'product:1', factory: () => ({ id: 1, v: ++loads }) });
    await world.advance(5_000);
    expect(loads).toBe(1);
    expect(world.audit.namespaces.map(({ name }) => name)).toEqual(['order']);
  });
});

describe('keys that events name', () => {
  it('are looked at 1 s, 10 s, 1 min and 5 min after, and what a broken layer left is found and blamed on it', async () => {
    // So many other entries that a draw hardly ever meets the one.
    await start({ auditor: { rate: 5, share: 1 } });
    for (let id = 100; id < 400; id++) await read(id);
    write(1, 10);
    await world.advance(200);
    await read(1);
    const scale = (name: string): number => found().scales.find((one) => one.scale === name)!.checked;
    await world.advance(2_000);
    expect([scale('1s'), scale('10s')]).toEqual([1, 0]);
    await world.advance(10_000);
    expect([scale('10s'), scale('1m')]).toEqual([1, 0]);
    await world.advance(60_000);
    expect([scale('1m'), scale('5m')]).toEqual([1, 0]);
    await world.advance(300_000);
    expect(scale('5m')).toBe(1);
    expect(found().violations).toBe(0);

    const { store } = world.engine.memory;
    store.apply = (_, watermark) => {
      MemoryStore.prototype.apply.call(store, [], watermark);
      return [{ status: 'applied' }];
    };
    write(1, 11);
    await world.advance(3_000);
    expect(world.violations[0]?.fields).toMatchObject({ key: 'product:1', scale: '1s' });
    expect(world.violations[0]?.fields['why']).toContain(
      '#2 product.updated named it and local still has it: a fault of the layer or of Tidemark',
    );
  });

  it('by a tag are followed to the entries that were filled under it', async () => {
    const byTag = { name: 'tags', trigger: 'product.*', actions: [{ purge_tag: 'product-{id}' }] };
    await start({ contracts: [byTag], auditor: { rate: 5, share: 1 } });
    for (let id = 100; id < 400; id++) await read(id);
    await read(1, ['product-1']);
    write(1, 10);
    await world.advance(500);
    await read(1, ['product-1']);
    await world.advance(2_000);
    expect(found().scales.find(({ scale }) => scale === '1s')?.checked).toBe(1);
  });
});

describe('values that are equal in the eyes of the program', () => {
  it('are told by its own `equals`, and differ where that says so', async () => {
    await start();
    let loads = 0;
    const { namespaces } = world.engine;
    const held = namespaces.all.get('product')!;
    held.equals = (a, b) => (a as Row)['v'] === (b as Row)['v'];
    cacheOf(world.engine, 'product');
    await products.getOrSet({ key: 'product:1', factory: () => ({ id: 1, v: 1, loadedAt: ++loads }) });
    await world.advance(2_000);
    expect(world.violations).toEqual([]);
    expect(found().checked).toBeGreaterThan(5);
    held.equals = () => false;
    await products.getOrSet({ key: 'product:2', factory: () => ({ id: 2, v: 1 }) });
    await world.advance(2_000);
    expect(world.violations.map(({ fields }) => fields['where'])).toContainEqual(["the cache's own `equals` says so"]);
    const undecided = found().undecided;
    held.equals = () => {
      throw new Error('not today');
    };
    await world.advance(2_000);
    expect(found().undecided).toBeGreaterThan(undecided);
  });
});

describe('the pace', () => {
  it('is held by rate, by loads under way, and by the time that loads take', async () => {
    await start({ auditor: { rate: 50, concurrency: 3, share: 0.2, events: false } });
    let running = 0;
    let most = 0;
    let loads = 0;
    let takes = 0;
    for (let id = 0; id < 100; id++) {
      await products.getOrSet({
        key: `product:${id}`,
        factory: async () => {
          most = Math.max(most, ++running);
          loads++;
          if (takes > 0) await world.pause(takes);
          running--;
          return { id, v: 1 };
        },
      });
    }
    loads = most = 0;
    await world.advance(20_000);
    expect(loads).toBeGreaterThan(900);
    expect(loads).toBeLessThanOrEqual(1_010);
    // A fifth of three loads at a time: of a second each that is 0.6 a second, and what was saved up in ten seconds.
    takes = 1_000;
    loads = most = 0;
    await world.advance(100_000);
    expect(most).toBe(3);
    expect(loads).toBeLessThanOrEqual(0.6 * 100 + 6 + 3);
    expect(loads).toBeGreaterThan(55);
  });

  it('counts no read and no fill, and keeps nothing from being evicted', async () => {
    await start();
    write(1, 1);
    await world.advance(300);
    await read(1);
    const { counts } = world.engine.namespaces.all.get('product')!;
    const before = { ...counts };
    await world.advance(10_000);
    expect(counts).toEqual(before);
    expect(found().checked).toBeGreaterThan(50);
  });
});
