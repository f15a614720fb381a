import type { Batch } from '../../model/event.ts';
import type { Lsn } from './lsn.ts';

/** What the stream has brought, in its order. */
export type Arrival =
  /** Goes out as soon as it is its turn: a part of a large transaction, a message outside of any, a checkpoint. */
  | { readonly kind: 'batch'; readonly batch: Batch; readonly upTo: Lsn | null; readonly bytes: number }
  /** The end of a transaction: goes out once new readers see it. */
  | {
      readonly kind: 'commit';
      readonly batch: Batch;
      readonly upTo: Lsn;
      readonly bytes: number;
      readonly xid: number;
    }
  /** An echo of our own has come back. */
  | { readonly kind: 'echo'; readonly id: number; readonly upTo: Lsn };
