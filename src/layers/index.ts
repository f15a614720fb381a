import type { LayerKind } from './layer.ts';
import { memoryLayer } from './memory/index.ts';
import { redisLayer } from './redis/index.ts';

/** Every layer that a configuration can name. */
export const layerKinds = [memoryLayer, redisLayer] as unknown as readonly LayerKind[];
