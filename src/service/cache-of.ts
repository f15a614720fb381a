import { Cache } from '../client/cache.ts';
import { placesOf } from '../client/places.ts';
import { SecondLayer } from '../client/second-layer.ts';
import { TidemarkError } from '../errors.ts';
import type { Receipt } from '../operations.ts';
import { invalidationOf, send } from './emission.ts';
import type { Engine } from './engine.ts';
import { positionOf } from './position.ts';

/**
 * The cache of a namespace, over the engine's own memory layer.
 *
 * @throws NAMESPACE_UNKNOWN
 */
export function cacheOf(engine: Engine, namespace: string): Cache<unknown, Receipt> {
  const found = engine.namespaces.all.get(namespace);
  if (!found) throw new TidemarkError('NAMESPACE_UNKNOWN', `"${namespace}"`);
  const { shelf, provable, provers, config } = found;
  const { name } = config;
  const policy = { ...config, maxStalenessMs: config.maxStalenessMs, provable, provers };
  const { store } = engine.memory;
  const shared = engine.layers.find(({ layer }) => layer.shared)?.layer;
  const second =
    shared?.shared &&
    new SecondLayer({
      name: shared.name,
      shared: shared.shared,
      store,
      shelf,
      policy,
      runtime: engine.runtime,
      asOf: (through) => engine.namespaces.currentAsOf(found, through),
      closing: engine.closing.signal,
    });
  return new Cache<unknown, Receipt>({
    store,
    shelf,
    policy,
    counts: found.counts,
    runtime: engine.runtime,
    observer: engine.observers,
    progress: engine.progress,
    layer: engine.memory.name,
    ...(second && { second }),
    closing: engine.closing.signal,
    places: placesOf(engine, name),
    position: (connection, source) => positionOf(engine, found, connection, source),
    knowledge: engine.knowing.of(found),
    invalidate: async (message) => {
      const event = invalidationOf(engine, message);
      return send(engine, event.source, [event]);
    },
  });
}
