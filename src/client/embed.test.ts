import fc from 'fast-check';
import { setMaxListeners } from 'node:events';
import { beforeEach, describe, expect, it } from 'vitest';
import { Numbers, Reader } from '../../test/support/numbers.ts';
import { MemoryStore, type Shelf } from '../layers/memory/store.ts';
import type { Action } from '../model/plan.ts';
import type { Offset } from '../model/position.ts';
import { tokenOf } from '../model/token.ts';
import { settled, virtualRuntime } from '../runtime/virtual.ts';
import { NEVER } from '../trust/proofs.ts';
import { Cache } from './cache.ts';
import type { LoadContext } from './options.ts';
import type { Policy } from './parts.ts';
import { NO_PLACES, type Seen } from './stamping.ts';

const at = (offset: number): Offset => offset as Offset;

/** Products, and pages that embed them, in two namespaces of one process. */
class World {
  readonly runtime = virtualRuntime();
  readonly store = new MemoryStore();
  readonly closing = new AbortController();
  readonly shelves: Readonly<Record<string, Shelf>> = {
    product: { name: 'product', provenAt: NEVER },
    page: { name: 'page', provenAt: NEVER },
  };
  readonly products: Cache<string>;
  readonly pages: Cache<string>;
  readonly counts = { hits: 0, misses: 0, uncertain: 0, stored: 0, refused: 0, skipped: 0 };
  readonly warnings: unknown[] = [];
  readonly told: unknown[] = [];
  product = 'v1';
  loads = 0;
  seen: Seen | null = null;
  skips = false;

  constructor(product: Partial<Policy> = {}, page: Partial<Policy> = {}) {
    setMaxListeners(0, this.closing.signal);
    this.products = this.cache('product', product);
    this.pages = this.cache('page', page);
  }

  cache(name: string, policy: Partial<Policy>, store = this.store): Cache<string> {
    const log = { ...this.runtime.log, warn: (fields: unknown) => void this.warnings.push(fields) };
    return new Cache<string>({
      store,
      shelf: this.shelves[name]!,
      policy: { name, ttlMs: 10_000, jitter: 0, maxStalenessMs: undefined, whenUncertain: 'bypass', ...policy },
      counts: this.counts,
      runtime: { ...this.runtime, log },
      observer: { active: true, tell: (type, fields) => void this.told.push(fields['reason'] ?? type) },
      layer: 'local',
      closing: this.closing.signal,
      places: { ...NO_PLACES, stampOf: () => at(0), asOf: () => -500 },
      invalidate: () => Promise.resolve(undefined),
    });
  }

  readonly load = (context: LoadContext): string => {
    this.loads++;
    if (this.seen) context.seen(this.seen);
    if (this.skips) context.skip();
    return this.product;
  };

  readProduct(): Promise<string> {
    return this.products.getOrSet({ key: 'product:1', tags: ['red'], factory: this.load });
  }

  readPage(from = this.products): Promise<string> {
    return this.pages.getOrSet({ key: 'page:1', factory: async (context) => this.page(context, from) });
  }

  async page(context: LoadContext, from = this.products): Promise<string> {
    const product = await context.embed(from, { key: 'product:1', tags: ['red'], factory: this.load });
    return `<${product}>`;
  }

  apply(kind: Action['kind'], target: string): void {
    const offset = at(this.store.watermark + 1);
    this.store.apply([{ action: { kind, target }, at: offset }], offset);
  }
}

let world: World;

beforeEach(() => {
  world = new World();
});

describe('a value that embeds another (anomaly D9)', () => {
  it.each<[Action['kind'], string]>([
    ['delete_key', 'product:1'],
    ['purge_tag', 'red'],
    ['purge_namespace', 'product'],
  ])('ends with it: %s %s', async (kind, target) => {
    expect(await world.readPage()).toBe('<v1>');
    world.product = 'v2';
    expect(await world.readPage()).toBe('<v1>');
    world.apply(kind, target);
    expect(await world.readPage()).toBe('<v2>');
    expect(await world.readPage()).toBe('<v2>');
    expect(world.loads).toBe(2);
  });

  it('reads it from its own cache, and fills that', async () => {
    await world.readProduct();
    await world.readPage();
    expect(world.loads).toBe(1);
    world.apply('delete_key', 'page:1');
    await world.readPage();
    expect(world.loads).toBe(1);
  });

  it('is not stored when the embedded one ends while it is loaded', async () => {
    let embedded: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (embedded = resolve));
    const read = world.pages.getOrSet({
      key: 'page:1',
      factory: async (context) => {
        const page = await world.page(context);
        await held;
        return page;
      },
    });
    await settled();
    world.apply('delete_key', 'product:1');
    embedded();
    expect(await read).toBe('<v1>');
    expect(world.pages.peek('page:1')).toBeUndefined();
  });

  it('is not stored while it is made of what an event has expired', async () => {
    await world.readProduct();
    world.apply('expire_key', 'product:1');
    world.product = 'v2';
    expect(await world.readPage()).toBe('<v1>');
    expect(world.pages.peek('page:1')).toBeUndefined();
    await settled();
    expect(await world.readPage()).toBe('<v2>');
    expect(world.pages.peek('page:1')).toBe('<v2>');
  });

  it('ends with what is embedded in what it embeds', async () => {
    const site = () =>
      world.pages.getOrSet({
        key: 'site',
        factory: async (context) => {
          const factory = (inner: LoadContext): Promise<string> => world.page(inner);
          return `[${await context.embed(world.pages, { key: 'page:1', factory })}]`;
        },
      });
    expect(await site()).toBe('[<v1>]');
    world.product = 'v2';
    world.apply('purge_tag', 'red');
    expect(await site()).toBe('[<v2>]');
    world.apply('delete_key', 'site');
    expect(await site()).toBe('[<v2>]');
    world.product = 'v3';
    world.apply('delete_key', 'product:1');
    expect(await site()).toBe('[<v3>]');
  });

  it('is as old as it, and has no more time than it', async () => {
    await world.readProduct();
    await world.runtime.clock.advance(9_000);
    const page = await world.pages.read({ key: 'page:1', factory: (context) => world.page(context) });
    expect(page.maxAgeMs).toBe(9_000);
    await world.runtime.clock.advance(999);
    expect(await world.pages.read({ key: 'page:1', factory: () => '' })).toMatchObject({
      value: '<v1>',
      maxAgeMs: 9_999,
    });
    await world.runtime.clock.advance(1);
    world.product = 'v2';
    expect(await world.readPage()).toBe('<v2>');
  });

  it('inherits the ttl that a load gave the embedded one', async () => {
    const factory = async (context: LoadContext): Promise<string> =>
      context.embed(world.products, { key: 'product:1', ttl: 50, factory: world.load });
    await world.pages.getOrSet({ key: 'page:1', factory });
    await world.runtime.clock.advance(49);
    expect(world.pages.peek('page:1')).toBe('v1');
    await world.runtime.clock.advance(1);
    expect(world.pages.peek('page:1')).toBeUndefined();
  });

  it('has seen no more than it: a replica, or nothing that could be told', async () => {
    world.seen = { source: 'db', history: 'h', replayedTo: '7' as never };
    const page = await world.pages.read({ key: 'page:1', factory: (context) => world.page(context) });
    expect(page.maxAgeMs).toBe(500);
    const again = await world.pages.read({ key: 'page:1', factory: () => '' });
    world.shelves['page']!.provenAt = world.runtime.clock.mono() + 1;
    expect([again.layer, again.upTo]).toEqual(['local', undefined]);
    expect((await world.pages.read({ key: 'page:1', factory: () => '' })).upTo).toBeUndefined();
  });

  it('is nobody else’s when the embedded one is not', async () => {
    world.skips = true;
    expect(await world.readPage()).toBe('<v1>');
    expect(world.pages.peek('page:1')).toBeUndefined();
    expect(world.counts.skipped).toBe(2);
  });

  it('lets the embedded one see what its reader has to see', async () => {
    await world.readProduct();
    const atLeast = tokenOf({ source: 'db', history: 'h', position: '9' as never });
    world.product = 'v2';
    const factory = (context: LoadContext): Promise<string> => world.page(context);
    expect(await world.pages.getOrSet({ key: 'page:1', factory, atLeast })).toBe('<v2>');
  });

  it('fails as it fails', async () => {
    const factory = (context: LoadContext): Promise<string> =>
      context.embed(world.products, { key: 'product:1', factory: () => Promise.reject(new Error('no database')) });
    await expect(world.pages.getOrSet({ key: 'page:1', factory })).rejects.toThrow('no database');
  });
});

describe('embedding is refused', () => {
  it('from a cache of another Tidemark', async () => {
    const other = new World();
    await expect(world.readPage(other.products)).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  });

  it('of a value in itself, with the way that leads there', async () => {
    const read = (key: string, next: string): ((context: LoadContext) => Promise<string>) => {
      return (context) => context.embed(world.pages, { key: next, factory: read(next, key) });
    };
    const cycle = world.pages.getOrSet({ key: 'a', factory: read('a', 'b') });
    await expect(cycle).rejects.toThrow('"a" is embedded in itself: page a → page b');
  });
});

describe('a part that is fed by a source which the value does not wait for', () => {
  const feeds = (provable: boolean, ...provers: string[]): Partial<Policy> => ({ provable, provers });
  const isStored = async (product: Partial<Policy>, page: Partial<Policy>): Promise<boolean> => {
    world = new World(product, page);
    expect(await world.readPage()).toBe('<v1>');
    expect(await world.readPage()).toBe('<v1>');
    return world.pages.peek('page:1') !== undefined;
  };

  it('keeps the value out of the cache, and says so once', async () => {
    expect(await isStored(feeds(true, 'shop', 'stock'), feeds(true, 'shop'))).toBe(false);
    expect(world.warnings).toMatchObject([{ namespace: 'page', key: 'page:1', source: 'stock' }]);
    expect(world.told).toContain('foreign-part');
  });

  it.each([
    ['that waits for the same', feeds(true, 'shop'), feeds(true, 'shop')],
    ['that waits for more', feeds(true, 'shop'), feeds(true, 'shop', 'stock')],
    ['whose age no proof moves', feeds(true, 'shop', 'stock'), feeds(false, 'shop')],
  ])('does not matter for one %s', async (_, product, page) => {
    expect(await isStored(product, page)).toBe(true);
  });
});

describe('whatever happens in between', () => {
  const KEYS = ['a', 'b'];
  const step = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('commit' as const), keys: fc.subarray(KEYS, { minLength: 1 }) }),
    },
    { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom('apply' as const, 'proof' as const) }) },
    { weight: 10, arbitrary: fc.record({ kind: fc.constant('step' as const), which: fc.nat(3) }) },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('read' as const), key: fc.constantFrom('both', ...KEYS) }) },
  );

  it('a value with its parts reflects all that was applied when its reader came', async () => {
    let checked = 0;
    const life = fc.array(step, { minLength: 30, maxLength: 80, size: 'max' });
    const property = fc.asyncProperty(life, async (steps) => {
      const source = new Numbers(KEYS);
      const reader = new Reader(source, virtualRuntime());
      const part = (context: LoadContext, key: string): Promise<number> =>
        context.embed(reader.cache, { key, factory: reader.load });
      const both = async (context: LoadContext): Promise<number> =>
        1_000 * (await part(context, 'a')) + (await part(context, 'b'));
      const violations: string[] = [];
      const reads: Promise<void>[] = [];
      const read = async (key: string): Promise<void> => {
        const applied = source.history[reader.store.watermark] ?? {};
        const value = await reader.cache.getOrSet({ key, factory: key === 'both' ? both : reader.load });
        const got = key === 'both' ? { a: Math.floor(value / 1_000), b: value % 1_000 } : { [key]: value };
        for (const [one, version] of Object.entries(got)) {
          checked++;
          if (version < (applied[one] ?? 0))
            violations.push(`${key}: ${one} is ${version}, ${applied[one] ?? 0} was applied`);
        }
      };
      for (const one of steps) {
        if (one.kind === 'commit') source.commit(one.keys);
        else if (one.kind === 'apply') reader.apply();
        else if (one.kind === 'step') reader.step(one.which);
        else if (one.kind === 'read') reads.push(read(one.key));
        else {
          await reader.runtime.clock.advance(1);
          reader.catchUp();
        }
        await settled();
      }
      await reader.rest();
      await Promise.all(reads);
      expect(violations).toEqual([]);
    });
    await fc.assert(property, { numRuns: 300 });
    expect(checked).toBeGreaterThan(1_000);
  }, 60_000);
});
