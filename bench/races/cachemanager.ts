import { createCache } from 'cache-manager';
import type { Peer } from './subject.ts';

export const cachemanager: Peer = {
  name: 'cache-manager',
  calls: { key: 'wrap(key, fn, ttl) · del(key)' },
  open: (ttlMs) => {
    const cache = createCache({ ttl: ttlMs });
    return Promise.resolve({
      read: (key, load) => cache.wrap(key, load, ttlMs),
      invalidateKey: (key) => cache.del(key),
      close: () => cache.disconnect(),
    });
  },
};
