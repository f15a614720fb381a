import { z } from 'zod';
import { CACHE_CAN, type LayerKind } from '../layer.ts';
import { MemoryLayer } from './layer.ts';
import { MemoryStore, type StoreOptions } from './store.ts';

const options = z.strictObject({
  max_entries: z.int().positive().default(100_000).describe('Most entries held; the least useful make room.'),
  max_bytes: z
    .int()
    .positive()
    .default(256 * 1024 * 1024)
    .describe('About how many bytes of heap the entries may take.'),
  max_tombstones: z
    .int()
    .positive()
    .default(65_536)
    .describe(
      'Invalidations remembered one by one for loads under way; older ones refuse every load that began before them.',
    ),
});

export type MemoryLayerOptions = z.output<typeof options>;

export const memoryLayer: LayerKind<MemoryLayerOptions> = {
  type: 'memory',
  summary: "The process's own memory (L1).",
  options,
  can: CACHE_CAN,
  open: ({ name, runtime, startAt }, { max_entries, max_bytes, max_tombstones }) => {
    const limits: StoreOptions = { maxEntries: max_entries, maxBytes: max_bytes, tombstonesMax: max_tombstones };
    return Promise.resolve(new MemoryLayer(name, runtime, new MemoryStore(startAt, limits)));
  },
};
