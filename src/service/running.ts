import type { Layer } from '../layers/layer.ts';
import type { SourceId } from '../model/position.ts';
import type { Delivery } from '../pipeline/deliver.ts';
import type { Feed } from '../pipeline/supervise.ts';
import type { Receiver, Source, SourceCapabilities } from '../sources/source.ts';

/** A configured source at run time. */
export interface Intaken {
  readonly name: SourceId;
  readonly type: string;
  readonly can: SourceCapabilities;
  readonly source: Source | null;
  readonly feed: Feed | null;
  readonly receiver: Receiver | null;
  /** Events that were sent rather than read. */
  received: number;
  lastReceivedAt: number | null;
}

/** A layer and the loop that applies the journal to it. */
export interface Delivered {
  readonly layer: Layer;
  readonly type: string;
  readonly delivery: Delivery;
}
