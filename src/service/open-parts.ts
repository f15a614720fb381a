import type { Config } from '../config/config.ts';
import type { Kinds } from '../config/kinds.ts';
import { columnsRead } from '../contracts/columns.ts';
import { assert } from '../errors.ts';
import type { Layer } from '../layers/layer.ts';
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

/** The configured layers; when none of them is the process's own memory, one is put innermost: reads need it. */
export async function openLayers(
  config: Config,
  kinds: Kinds,
  runtime: Runtime,
  startAt: Offset,
): Promise<{ layer: Layer; type: string }[]> {
  const configured = config.layers.some(({ type }) => type === memoryLayer.type)
    ? config.layers
    : [{ name: 'local', type: memoryLayer.type, options: memoryLayer.options.parse({}) }, ...config.layers];
  const layers: { layer: Layer; type: string }[] = [];
  for (const { name, type, options } of configured) {
    layers.push({ layer: await kindOf(kinds.layers, type).open({ name, runtime, startAt }, options), type });
  }
  return layers;
}

export function kindOf<K extends { readonly type: string }>(kinds: readonly K[], type: string): K {
  const kind = kinds.find((one) => one.type === type);
  assert(kind !== undefined, `the configuration was checked against the kinds: ${type}`);
  return kind;
}
