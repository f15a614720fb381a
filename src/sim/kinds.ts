import type { Kinds } from '../config/kinds.ts';
import type { JournalKind } from '../journal/journal.ts';
import type { LayerKind } from '../layers/layer.ts';
import { memoryLayer, type MemoryLayerOptions } from '../layers/memory/index.ts';
import { MemoryLayer } from '../layers/memory/layer.ts';
import { MemoryStore } from '../layers/memory/store.ts';
import { sourceKinds } from '../sources/index.ts';
import { Fence } from '../trust/fence.ts';
import { feedKind, webhookKind, type FeedParts } from './feed-source.ts';
import { outerKind, type OuterParts } from './outer-layer.ts';
import type { Sabotage } from './sabotage.ts';
import { sharedKind, type SharedLayerParts } from './shared-layer.ts';

export interface KindParts {
  readonly journal: JournalKind;
  readonly feed: FeedParts;
  readonly outer: OuterParts;
  /** `null`: no layer is shared. */
  readonly shared: SharedLayerParts | null;
  readonly sabotages: ReadonlySet<Sabotage>;
}

/** What the configuration of a simulated process can name. Its memory layer is the real one. */
export function simulatedKinds({ journal, feed, outer, shared, sabotages }: KindParts): Kinds {
  return {
    sources: [feedKind(feed), webhookKind(), ...sourceKinds],
    journals: [journal],
    layers: [
      sabotagedMemory(sabotages) ?? memoryLayer,
      outerKind(outer),
      ...(shared ? [sharedKind(shared) as unknown as LayerKind] : []),
    ],
  };
}

class FloorlessFence extends Fence {
  override raiseFloor(): void {
    // On purpose: see `floor-not-raised`.
  }
}

function sabotagedMemory(sabotages: ReadonlySet<Sabotage>): LayerKind<MemoryLayerOptions> | null {
  const enforced = !sabotages.has('fence-off');
  const floorless = sabotages.has('floor-not-raised');
  if (enforced && !floorless) return null;
  return {
    ...memoryLayer,
    open: ({ name, runtime, startAt }, { max_entries: maxEntries, max_tombstones: tombstonesMax }) => {
      const limits = { maxEntries, tombstonesMax, enforced };
      const fence = floorless ? new FloorlessFence(limits) : new Fence(limits);
      return Promise.resolve(new MemoryLayer(name, runtime, new MemoryStore(startAt, limits, fence)));
    },
  };
}
