import { GroupLoader, Loader } from 'layered-loader';
import type { Load, Peer } from './subject.ts';

/** It has no tags; the nearest thing is a group, which a key belongs to from the start. */
export const layeredLoader: Peer = {
  name: 'layered-loader',
  calls: {
    key: 'Loader.get(key) · invalidateCacheFor(key)',
    tag: 'GroupLoader.get(key, group) · invalidateCacheForGroup(group)',
  },
  open: (ttlMs) => {
    // Where values come from is told once, to the loader; each read here says it anew.
    const loads = new Map<string, Load>();
    const loadOf = (key: string): Promise<string> => loads.get(key)?.() ?? Promise.reject(new Error(key));
    const inMemoryCache = { ttlInMsecs: ttlMs, maxItems: 100_000 };
    const loader = new Loader<string>({ inMemoryCache, dataSourceGetOneFn: loadOf });
    const groups = new GroupLoader<string>({
      inMemoryCache: { ...inMemoryCache, maxGroups: 100_000, maxItemsPerGroup: 100 },
      dataSources: [
        {
          name: 'source',
          getFromGroup: (key) => loadOf(key),
          getManyFromGroup: (keys) => Promise.all(keys.map(loadOf)),
        },
      ],
    });
    return Promise.resolve({
      read: async (key, load) => {
        loads.set(key, load);
        return (await loader.get(key)) ?? '';
      },
      invalidateKey: (key) => loader.invalidateCacheFor(key),
      readTagged: async (key, tag, load) => {
        loads.set(key, load);
        return (await groups.get(key, tag)) ?? '';
      },
      invalidateTag: (tag) => groups.invalidateCacheForGroup(tag),
      close: () => Promise.resolve(),
    });
  },
};
