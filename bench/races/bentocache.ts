import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import type { Peer } from './subject.ts';

export const bentocache: Peer = {
  name: 'bentocache',
  calls: {
    key: 'getOrSet({ key, factory, ttl }) · delete({ key })',
    tag: 'getOrSet({ key, factory, ttl, tags }) · deleteByTag({ tags })',
    learned: 'ctx.setTags(tags) in the factory · deleteByTag({ tags })',
  },
  open: (ttlMs) => {
    const bento = new BentoCache({
      default: 'memory',
      stores: { memory: bentostore().useL1Layer(memoryDriver({ maxItems: 100_000 })) },
    });
    const ttl = ttlMs;
    return Promise.resolve({
      read: (key, factory) => bento.getOrSet({ key, factory, ttl }),
      invalidateKey: (key) => bento.delete({ key }),
      readTagged: (key, tag, factory) => bento.getOrSet({ key, factory, ttl, tags: [tag] }),
      readLearning: (key, tag, load) =>
        bento.getOrSet({
          key,
          ttl,
          factory: async (context) => {
            const value = await load();
            context.setTags([tag]);
            return value;
          },
        }),
      invalidateTag: (tag) => bento.deleteByTag({ tags: [tag] }),
      close: () => bento.disconnectAll(),
    });
  },
};
