import type { Offset } from '../model/position.ts';
import type { Inner } from '../pipeline/deliver.ts';
import type { Engine } from './engine.ts';

type Parts = Pick<Engine, 'journal' | 'settlement' | 'elsewhere'>;

/** What follows layers of this daemon. */
export function behindLayers({ journal, settlement }: Parts, layers: readonly string[]): Inner {
  return {
    watermark: () => layers.reduce<Offset>((low, name) => min(low, settlement.watermark(name)), journal.head),
    moved: (after, signal) => settlement.moved(layers, after, signal),
  };
}

/** What lies outside of all processes, as it could be filled anew from any of them (decision 94). */
export function behindAll(parts: Parts, layers: readonly string[]): Inner {
  const { elsewhere } = parts;
  const here = behindLayers(parts, layers);
  return {
    watermark: () => min(here.watermark(), elsewhere.watermark),
    moved: async (after, signal) => {
      await here.moved(after, signal);
      if (!signal.aborted) await elsewhere.moved(after, here.watermark(), signal);
    },
  };
}

function min(a: Offset, b: Offset): Offset {
  return a < b ? a : b;
}
