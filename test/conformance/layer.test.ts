import { describe, it } from 'vitest';
import { MemoryLayer } from '../../src/layers/memory/layer.ts';
import { MemoryStore, type Shelf } from '../../src/layers/memory/store.ts';
import type { Layer } from '../../src/layers/layer.ts';
import { ORIGIN } from '../../src/model/position.ts';
import { virtualRuntime } from '../../src/runtime/virtual.ts';
import { layerConformance, type LayerSubject, type LayerUnderTest } from './layer.ts';

const open: LayerSubject['open'] = (_, { max_tombstones }) => {
  const runtime = virtualRuntime();
  const store = new MemoryStore(ORIGIN, max_tombstones === undefined ? {} : { tombstonesMax: max_tombstones });
  const layer: Layer = new MemoryLayer('local', runtime, store);
  const shelves = new Map<string, Shelf>();
  const shelf = (name: string): Shelf => {
    const one = shelves.get(name) ?? { name, provenAt: 0 };
    shelves.set(name, one);
    return one;
  };
  const subject: LayerUnderTest = {
    layer,
    fill: ({ namespace, key, ...loaded }) => {
      const now = runtime.clock.mono();
      return Promise.resolve(store.fill(shelf(namespace), key, { ...loaded, loadedAt: now }, now).stored);
    },
    find: (namespace, key) => {
      const entry = store.find(shelf(namespace), key);
      if (!entry || runtime.clock.mono() >= entry.expiresAt) return Promise.resolve(null);
      const through = entry.expiredAsOf === null ? Math.max(store.watermark, entry.stamp) : entry.stamp;
      return Promise.resolve({ value: entry.value, through: through as typeof entry.stamp });
    },
    pass: (ms) => runtime.clock.advance(ms),
    dispose: () => layer.close(),
  };
  return Promise.resolve(subject);
};

layerConformance({ describe, it }, 'memory', { open, outlives: false, answersWithinMs: 1_000 });

/** Every third page is refused, every third applied in half, every third applied and not answered, in turn. */
layerConformance({ describe, it }, 'memory, whose pages fail', {
  outlives: false,
  isFaulty: true,
  answersWithinMs: 1_000,
  open: async (journal, limits) => {
    const subject = await open(journal, limits);
    let call = 0;
    const layer: Layer = {
      name: subject.layer.name,
      can: subject.layer.can,
      probe: () => subject.layer.probe(),
      close: () => subject.layer.close(),
      apply: async (actions, watermark, signal) => {
        const fault = call++ % 4;
        if (fault === 1) throw new Error('not reached');
        if (fault === 3) await subject.layer.apply(actions.slice(actions.length / 2), ORIGIN, signal);
        if (fault === 3) throw new Error('cut off in the middle');
        const outcomes = await subject.layer.apply(actions, watermark, signal);
        if (fault === 2) throw new Error('the answer is lost');
        return outcomes;
      },
    };
    return { ...subject, layer };
  },
});
