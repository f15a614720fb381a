/* eslint-disable @typescript-eslint/await-thenable -- a program awaits whatever its cache gives */
import { LRUCache } from 'lru-cache';
import { article, keyOf, tagsOf, type Article, type Shop } from './shop.ts';
import { Unchecked } from './unchecked.ts';

export interface Side {
  /** Reads these keys in this order; gives the sum of the articles' ids. */
  readonly read: (keys: readonly string[]) => number | Promise<number>;
  /** The sides that it is held against. */
  readonly against: readonly string[];
}

export type Sides = Readonly<Record<string, Side>>;

/**
 * Each side in a loop of its own, written out: one that they share would be compiled for all of them together, and would
 * call each as none of its callers does. A read begins once the one before it has given its article: otherwise the
 * processor reads ahead where nothing stops it, and a side would look as fast as it never is for who uses what it reads.
 */
export async function sidesOf(shop: Shop, size: number): Promise<Sides> {
  const { cache, unchecked, lru, lruTtl, map } = await filled(shop, size);
  // Kept by the caller; what making it costs is a side of its own.
  const request = { key: '', tags: tagsOf(0), factory: loaded };
  const asking = (key: string): typeof request => {
    request.key = key;
    return request;
  };

  const getOrSet = async (keys: readonly string[]): Promise<number> => {
    let sum = 0;
    for (let n = 0; n < keys.length;) {
      const { id, step } = await cache.getOrSet(asking(keys[n]!));
      sum += id;
      n += step;
    }
    return sum;
  };
  const peek = (keys: readonly string[]): number => {
    let sum = 0;
    for (let n = 0; n < keys.length;) {
      const { id, step } = cache.peek(keys[n]!)!;
      sum += id;
      n += step;
    }
    return sum;
  };

  return {
    getOrSet: { against: ['getOrSet, unchecked', 'await lru.get'], read: getOrSet },
    'getOrSet, unchecked': {
      against: [],
      read: async (keys) => {
        let sum = 0;
        for (let n = 0; n < keys.length;) {
          const { id, step } = await unchecked.getOrSet(asking(keys[n]!));
          sum += id;
          n += step;
        }
        return sum;
      },
    },
    'await lru.get': {
      against: [],
      read: async (keys) => {
        let sum = 0;
        for (let n = 0; n < keys.length;) {
          const { id, step } = (await lru.get(keys[n]!))!;
          sum += id;
          n += step;
        }
        return sum;
      },
    },
    'await lru.get, with a ttl': {
      against: ['await lru.get'],
      read: async (keys) => {
        let sum = 0;
        for (let n = 0; n < keys.length;) {
          const { id, step } = (await lruTtl.get(keys[n]!))!;
          sum += id;
          n += step;
        }
        return sum;
      },
    },
    'getOrSet, a purge in 1,000': {
      against: ['getOrSet'],
      read: async (keys) => {
        let sum = 0;
        for (let n = 0; n < keys.length;) {
          if (n % 1_000 === 0) shop.purge();
          const { id, step } = await cache.getOrSet(asking(keys[n]!));
          sum += id;
          n += step;
        }
        return sum;
      },
    },
    'getOrSet, options made anew': {
      against: ['getOrSet'],
      read: async (keys) => {
        let sum = 0;
        for (let n = 0; n < keys.length;) {
          const key = keys[n]!;
          const tags = [`tag-${key}`, `category-${String(n % 1_000)}`, `brand-${String(n % 100)}`];
          const { id, step } = await cache.getOrSet({ key, tags, factory: () => loaded() });
          sum += id;
          n += step;
        }
        return sum;
      },
    },
    'getOrSet again': { against: ['getOrSet'], read: getOrSet },
    peek: { against: ['peek, unchecked', 'lru.get'], read: peek },
    'peek, unchecked': {
      against: [],
      read: (keys) => {
        let sum = 0;
        for (let n = 0; n < keys.length;) {
          const { id, step } = unchecked.peek(keys[n]!)!;
          sum += id;
          n += step;
        }
        return sum;
      },
    },
    'lru.get': {
      against: ['map.get'],
      read: (keys) => {
        let sum = 0;
        for (let n = 0; n < keys.length;) {
          const { id, step } = lru.get(keys[n]!)!;
          sum += id;
          n += step;
        }
        return sum;
      },
    },
    'map.get': {
      against: [],
      read: (keys) => {
        let sum = 0;
        for (let n = 0; n < keys.length;) {
          const { id, step } = map.get(keys[n]!)!;
          sum += id;
          n += step;
        }
        return sum;
      },
    },
    'peek again': { against: ['peek'], read: peek },
    'map.get and the clock': {
      against: ['map.get'],
      read: (keys) => {
        let sum = 0;
        for (let n = 0; n < keys.length;) {
          const { id, step } = map.get(keys[n]!)!;
          sum += shop.runtime.clock.mono() > 0 ? id : 0;
          n += step;
        }
        return sum;
      },
    },
  };
}

/** The same articles in each. */
async function filled(shop: Shop, size: number) {
  const { cache } = shop;
  const unchecked = new Unchecked<Article>(shop.store, shop.shelf);
  const lru = new LRUCache<string, Article>({ max: size });
  const lruTtl = new LRUCache<string, Article>({ max: size, ttl: 24 * 3_600_000 });
  const map = new Map<string, Article>();
  for (let id = 0; id < size; id++) {
    await cache.getOrSet(shop.request(id, () => article(id)));
    lru.set(keyOf(id), article(id));
    lruTtl.set(keyOf(id), article(id));
    map.set(keyOf(id), article(id));
  }
  return { cache, unchecked, lru, lruTtl, map };
}

function loaded(): never {
  throw new Error('a warm key was loaded');
}
