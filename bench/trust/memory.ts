/* eslint-disable @typescript-eslint/await-thenable -- a program awaits whatever its cache gives */
import { LRUCache } from 'lru-cache';
import { article, keyOf, Shop, tagsOf, type Article } from './shop.ts';

/** So large that nothing is given back while hits are counted; and the heap can be cleared before. */
export const MEMORY_FLAGS = ['--expose-gc', '--min-semi-space-size=1024', '--max-semi-space-size=1024'];

/** Keys that hits go to; the values of a hit do not matter here. */
const WARM = 1_000;
const DAY_MS = 24 * 3_600_000;

type Fill = (values: readonly Article[]) => unknown;
type Reads = (hits: number) => unknown;

/** In bytes; for a process of its own that was started with `MEMORY_FLAGS`. */
export async function memory(size: number, hits: number): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [name, fill] of Object.entries(FILLS)) found[`kept, ${name}`] = (await kept(size, fill)).toFixed(0);
  for (const [name, reads] of Object.entries(await readers())) {
    found[`allocated, ${name}`] = (await allocated(hits, reads)).toFixed(0);
  }
  return found;
}

function used(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

/** What a cache keeps of each entry beyond its value: its key, its tags, its way back to the source, and its own. */
async function kept(size: number, fill: Fill): Promise<number> {
  const values = Array.from({ length: size }, (_, id) => article(id));
  const before = used();
  const cache = await fill(values);
  const bytes = (used() - before) / size;
  if (!cache || values.length !== size) throw new Error('it has to stay until it was looked at');
  return bytes;
}

const FILLS: Readonly<Record<string, Fill>> = {
  'getOrSet, three tags, options made anew': async (values) => {
    const shop = new Shop(values.length);
    for (const value of values) await shop.cache.getOrSet(shop.request(value.id, () => value));
    return shop;
  },
  'set, three tags, one of them its own': async (values) => {
    const shop = new Shop(values.length);
    for (const value of values) await shop.cache.set({ key: keyOf(value.id), tags: tagsOf(value.id), value });
    return shop;
  },
  'set, three tags that others share': async (values) => {
    const shop = new Shop(values.length);
    for (const value of values) await shop.cache.set({ key: keyOf(value.id), tags: tagsOf(value.id % 10), value });
    return shop;
  },
  'set, no tag': async (values) => {
    const shop = new Shop(values.length);
    for (const value of values) await shop.cache.set({ key: keyOf(value.id), value });
    return shop;
  },
  'lru.set': (values) => {
    const lru = new LRUCache<string, Article>({ max: values.length });
    for (const value of values) lru.set(keyOf(value.id), value);
    return lru;
  },
  'lru.set, with a ttl': (values) => {
    const lru = new LRUCache<string, Article>({ max: values.length, ttl: DAY_MS });
    for (const value of values) lru.set(keyOf(value.id), value);
    return lru;
  },
  'map.set': (values) => new Map(values.map((value) => [keyOf(value.id), value])),
};

/** New heap for each hit. */
async function allocated(hits: number, reads: Reads): Promise<number> {
  // Compiled by then as it is going to stay.
  await reads(hits);
  await reads(hits);
  const before = used();
  await reads(hits);
  return (process.memoryUsage().heapUsed - before) / hits;
}

async function readers(): Promise<Record<string, Reads>> {
  const shop = new Shop(WARM);
  const { cache } = shop;
  const lru = new LRUCache<string, Article>({ max: WARM });
  const requests = Array.from({ length: WARM }, (_, id) => shop.request(id, () => article(id)));
  for (const [id, request] of requests.entries()) {
    await cache.getOrSet(request);
    lru.set(request.key, article(id));
  }
  const at = (n: number): (typeof requests)[number] => requests[n % WARM]!;
  return {
    getOrSet: async (hits) => {
      shop.prove();
      for (let n = 0; n < hits; n++) await cache.getOrSet(at(n));
    },
    'await lru.get': async (hits) => {
      for (let n = 0; n < hits; n++) await lru.get(at(n).key);
    },
    read: async (hits) => {
      shop.prove();
      for (let n = 0; n < hits; n++) await cache.read(at(n));
    },
    peek: (hits) => {
      shop.prove();
      for (let n = 0; n < hits; n++) cache.peek(at(n).key);
    },
    'lru.get': (hits) => {
      for (let n = 0; n < hits; n++) lru.get(at(n).key);
    },
  };
}
