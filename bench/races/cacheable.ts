import { Cacheable } from 'cacheable';
import type { Peer } from './subject.ts';

export const cacheable: Peer = {
  name: 'cacheable',
  calls: {
    key: 'getOrSet(key, fn, { ttl }) · delete(key)',
    tag: 'get(key), then set(key, value, { ttl, tags }) · tags.invalidateTag(tag)',
    learned: 'get(key), then set(key, value, { ttl, tags }) · tags.invalidateTag(tag)',
  },
  open: (ttlMs) => {
    const cache = new Cacheable({ ttl: ttlMs, tags: true });
    // Tags go with `set`: this is the cache-aside of its README.
    const aside = async (key: string, tag: string, load: () => Promise<string>): Promise<string> => {
      const cached = await cache.get<string>(key);
      if (cached !== undefined) return cached;
      const value = await load();
      await cache.set(key, value, { ttl: ttlMs, tags: [tag] });
      return value;
    };
    return Promise.resolve({
      read: async (key, load) => (await cache.getOrSet(key, load, { ttl: ttlMs }))!,
      invalidateKey: (key) => cache.delete(key),
      readTagged: aside,
      readLearning: aside,
      invalidateTag: (tag) => cache.tags.invalidateTag(tag),
      close: () => cache.disconnect(),
    });
  },
};
