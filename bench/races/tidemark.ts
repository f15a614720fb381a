import { Tidemark } from '../../src/index.ts';
import type { Peer } from './subject.ts';

export const tidemark: Peer = {
  name: 'tidemark',
  calls: {
    key: 'getOrSet({ key, factory }) · delete({ key })',
    tag: 'getOrSet({ key, tags, factory }) · deleteByTag({ tags })',
    learned: 'ctx.setTags(tags) in the factory · deleteByTag({ tags })',
  },
  open: async (ttlMs) => {
    const tide = await Tidemark.start({
      config: { version: 1, journal: { type: 'memory' }, namespaces: { n: { ttl: ttlMs, jitter: 0 } } },
    });
    const cache = tide.cache<string>('n');
    return {
      read: (key, factory) => cache.getOrSet({ key, factory }),
      invalidateKey: async (key) => (await cache.delete({ key })).applied,
      readTagged: (key, tag, factory) => cache.getOrSet({ key, tags: [tag], factory }),
      readLearning: (key, tag, load) =>
        cache.getOrSet({
          key,
          factory: async (context) => {
            const value = await load();
            context.setTags([tag]);
            return value;
          },
        }),
      invalidateTag: async (tag) => (await cache.deleteByTag({ tags: [tag] })).applied,
      close: () => tide.close(),
    };
  },
};
