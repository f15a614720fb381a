import { createCache } from 'async-cache-dedupe';
import type { Load, Peer } from './subject.ts';

interface Loaded {
  readonly value: string;
  readonly tag: string;
}

export const asyncCacheDedupe: Peer = {
  name: 'async-cache-dedupe',
  calls: {
    key: 'define(name, fn) · clear(name, arg)',
    tag: 'define(name, { references }, fn) · invalidateAll(reference)',
    learned: 'references of the result · invalidateAll(reference)',
  },
  open: (ttlMs) => {
    // Where values come from is told once, at the definition; each read here says it anew.
    const loads = new Map<string, { readonly load: Load; readonly tag: string }>();
    const cache = createCache({
      ttl: ttlMs / 1_000,
      storage: { type: 'memory', options: { size: 100_000, invalidation: true } },
    }).define(
      'value',
      { references: (_args: unknown, _key: string, result: Loaded) => (result.tag ? [result.tag] : []) },
      async (key: string): Promise<Loaded> => {
        const { load, tag } = loads.get(key)!;
        return { value: await load(), tag };
      },
    );
    const read = async (key: string, tag: string, load: Load): Promise<string> => {
      loads.set(key, { load, tag });
      return (await cache.value(key)).value;
    };
    return Promise.resolve({
      read: (key, load) => read(key, '', load),
      invalidateKey: (key) => Promise.resolve(cache.clear('value', key)),
      readTagged: read,
      readLearning: read,
      invalidateTag: (tag) => cache.invalidateAll(tag),
      close: () => Promise.resolve(),
    });
  },
};
