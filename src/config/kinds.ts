import type { JournalKind } from '../journal/journal.ts';
import type { LayerKind } from '../layers/layer.ts';
import type { SourceKind } from '../sources/source.ts';

/** What may be configured. Given as lists, so that this folder knows no driver. */
export interface Kinds {
  readonly sources: readonly SourceKind[];
  readonly journals: readonly JournalKind[];
  readonly layers: readonly LayerKind[];
}
