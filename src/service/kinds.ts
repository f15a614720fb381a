import type { Kinds } from '../config/kinds.ts';
import { journalKinds } from '../journal/index.ts';
import { layerKinds } from '../layers/index.ts';
import { sourceKinds } from '../sources/index.ts';

/** Everything that a configuration can name. */
export const kinds: Kinds = { sources: sourceKinds, journals: journalKinds, layers: layerKinds };
