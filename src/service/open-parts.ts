import type { Config } from '../config/config.ts';
import type { Kinds } from '../config/kinds.ts';
import { columnsRead } from '../contracts/columns.ts';
import { assert } from '../errors.ts';
import type { Authority, Layer } from '../layers/layer.ts';
import type { Serializer } from '../layers/shared.ts';
import { memoryLayer } from '../layers/memory/index.ts';
import type { Offset, SourceId } from '../model/position.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Receiver, Source, SourceCapabilities } from '../sources/source.ts';

/** A configured source, opened. */
export interface Opened {
  readonly name: SourceId;
  readonly type: string;
  readonly can: SourceCapabilities;
  readonly source: Source | null;
  readonly receiver: Receiver | null;
}

export async function openSources(config: Config, kinds: Kinds, runtime: Runtime): Promise<Opened[]> {
  const columns = columnsRead(config.contracts);
  const opened: Opened[] = [];
  for (const [name, { type, options }] of config.sources) {
    const kind = kindOf(kinds.sources, type);
    const context = { name, runtime, columns, baseDir: config.baseDir };
    const source = kind.open ? await kind.open(context, options) : null;
    opened.push({ name, type, can: kind.can, source, receiver: kind.receiver?.(context, options) ?? null });
  }
  return opened;
}

export interface LayerParts {
  readonly runtime: Runtime;
  readonly startAt: Offset;
  readonly authority: (layer: string) => Authority;
  /** How the program wants values to be written, by the name of the layer. */
  readonly serializers: Readonly<Record<string, Serializer>>;
}

/**
 * The configured layers. The process's own memory is first, and is there also when it is not configured: reads need it,
 * and it must not wait for a layer that may be down (decision 73).
 */
export async function openLayers(
  config: Config,
  kinds: Kinds,
  { serializers, authority, ...context }: LayerParts,
): Promise<{ layer: Layer; type: string }[]> {
  const isMemory = ({ type }: { type: string }): boolean => type === memoryLayer.type;
  const memory = config.layers.filter(isMemory);
  const fallback = { name: 'local', type: memoryLayer.type, options: memoryLayer.options.parse({}) };
  const others = config.layers.filter((layer) => !isMemory(layer));
  const layers: { layer: Layer; type: string }[] = [];
  for (const { name, type, options } of [...(memory.length > 0 ? memory : [fallback]), ...others]) {
    const serializer = serializers[name];
    const own = { name, authority: authority(name), ...context, ...(serializer ? { serializer } : {}) };
    layers.push({ layer: await kindOf(kinds.layers, type).open(own, options), type });
  }
  return layers;
}

export function kindOf<K extends { readonly type: string }>(kinds: readonly K[], type: string): K {
  const kind = kinds.find((one) => one.type === type);
  assert(kind !== undefined, `the configuration was checked against the kinds: ${type}`);
  return kind;
}
