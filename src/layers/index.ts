import type { LayerKind } from './layer.ts';
import { memoryLayer } from './memory/index.ts';

/** Every layer that a configuration can name. */
export const layerKinds = [memoryLayer] as unknown as readonly LayerKind[];
