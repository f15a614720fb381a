import type { Cache } from '../../src/client/cache.ts';
import type { LoadContext } from '../../src/client/options.ts';
import type { Receipt } from '../../src/operations.ts';
import type { Row } from './model-database.ts';
import type { ModelWorld } from './model-world.ts';

const PRODUCTS = 30;
const CATEGORIES = 5;

/** One table, three ways to depend on it: by key, softly, and by tags that rows move between. */
export const SHOP = {
  layers: { local: { type: 'memory', max_entries: 40, max_tombstones: 8 } },
  namespaces: {
    product: { ttl: '5s', max_staleness: '1s' },
    soft: { ttl: '10m', max_staleness: '1s', when_uncertain: 'revalidate' },
    list: { ttl: '10m', max_staleness: '1s', when_uncertain: 'serve' },
  },
  contracts: [
    { name: 'product', trigger: 'product.*', actions: [{ delete_key: 'product:{id}' }] },
    {
      name: 'soft',
      trigger: 'product.*',
      actions: [{ expire_key: 'soft:{id}' }, { expire_tag: 'every-soft-{category}' }],
    },
    { name: 'list', trigger: 'product.*', actions: [{ purge_tag: 'category-{category}' }] },
  ],
};

/**
 * A shop under load: transactions that insert, update, delete, move rows between categories, touch many rows, truncate
 * and roll back; readers whose loads are slow and read at any moment of them.
 */
export class BusyShop {
  readonly world: ModelWorld;
  readonly #caches: Readonly<Record<'product' | 'soft' | 'list', Cache<unknown, Receipt>>>;
  #writing = true;
  #reading = true;
  reads = 0;

  constructor(world: ModelWorld, { readers, slow = true }: { readonly readers: number; readonly slow?: boolean }) {
    this.world = world;
    this.#caches = { product: world.cache('product'), soft: world.cache('soft'), list: world.cache('list') };
    void this.#write();
    for (let i = 0; i < readers; i++) void this.#readOn(slow);
  }

  stopWriting(): void {
    this.#writing = false;
  }

  stop(): void {
    this.#writing = this.#reading = false;
  }

  /** What a load of a resident key gives now, with nothing in its way. */
  truth(key: string): unknown {
    const [what = '', id = ''] = key.split(':');
    return this.#load(what, Number(id));
  }

  transact(): void {
    const { world } = this;
    const { database } = world;
    const id = (): number => 1 + world.below(PRODUCTS);
    const category = (): number => world.below(CATEGORIES);
    database.transact((tx) => {
      const kind = world.below(100);
      if (kind < 25) tx.insert('product', { id: id(), v: 0, category: category() });
      else if (kind < 55) tx.update('product', id(), { v: world.below(1_000_000) });
      else if (kind < 70) tx.update('product', id(), { category: category() });
      else if (kind < 80) tx.delete('product', id());
      else if (kind < 95)
        for (let i = world.below(8); i >= 0; i--) tx.update('product', id(), { v: world.below(1_000_000) });
      else if (kind < 97) tx.truncate('product');
      return world.below(10) > 0;
    });
  }

  async #write(): Promise<void> {
    while (this.#writing) {
      this.transact();
      // In bursts, with pauses in which entries live for a while.
      await this.world.pause(this.world.below(10) === 0 ? this.world.below(2_000) : this.world.below(60));
    }
  }

  async #readOn(slow: boolean): Promise<void> {
    const { world } = this;
    while (this.#reading) {
      const what = (['product', 'soft', 'list'] as const)[world.below(3)] ?? 'product';
      const id = what === 'list' ? world.below(CATEGORIES) : 1 + world.below(PRODUCTS);
      const factory = async (context: LoadContext): Promise<unknown> => {
        if (slow) await world.pause(world.below(100));
        const value = this.#load(what, id);
        if (what === 'soft') context.setTags([`every-soft-${categoryOf(value as Row | null)}`]);
        if (slow) await world.pause(world.below(5) === 0 ? world.below(1_500) : world.below(100));
        return value;
      };
      const tags = what === 'list' ? [`category-${id}`] : [];
      await this.#caches[what].getOrSet({ key: `${what}:${id}`, tags, factory }).catch(() => undefined);
      this.reads++;
      await world.pause(world.below(40));
    }
  }

  #load(what: string, id: number): unknown {
    const { database } = this.world;
    if (what !== 'list') return database.get('product', id);
    return database.rows('product').filter((row) => row['category'] === id);
  }
}

function categoryOf(row: Row | null): string {
  return typeof row?.['category'] === 'number' ? String(row['category']) : 'none';
}
