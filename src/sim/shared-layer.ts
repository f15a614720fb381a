import { z } from 'zod';
import { CACHE_CAN, type LayerKind } from '../layers/layer.ts';
import { Connection } from '../layers/redis/connection.ts';
import { openOver, redisLayer, type RedisLayerOptions } from '../layers/redis/index.ts';
import type { SharedAnswer, SharedHit, SharedStore } from '../layers/shared.ts';
import type { Offset } from '../model/position.ts';
import type { SimulatedClock } from '../runtime/simulated-time.ts';
import type { Sabotage } from './sabotage.ts';
import { SharedLink, type SharedLinkParts } from './shared-link.ts';

export interface SharedLayerParts extends SharedLinkParts {
  readonly clock: SimulatedClock;
  readonly sabotages: ReadonlySet<Sabotage>;
  readonly opened: (link: SharedLink) => void;
  /** Up to where the process itself has applied the journal. */
  readonly appliedTo: () => Offset;
}

const options = z.looseObject({ tombstones: z.int().positive().default(65_536) });

/** The layer that many processes share: the code of the one on Redis, over the simulated server. */
export function sharedKind(parts: SharedLayerParts): LayerKind<z.output<typeof options>> {
  return {
    type: 'simulated-shared',
    summary: 'A shared layer on the simulated server.',
    options,
    can: CACHE_CAN,
    open: async (context, { tombstones }) => {
      const given: RedisLayerOptions = redisLayer.options.parse({
        url: 'redis://simulated',
        max_tombstones: tombstones,
      });
      const layer = await openOver(context, given, (timeoutMs) => {
        const link = new SharedLink(parts, parts.clock);
        parts.opened(link);
        return Promise.resolve(new Connection(link, parts.clock, timeoutMs));
      });
      const { shared } = layer;
      if (!shared) return layer;
      const watched = watchedStore(shared, parts);
      return new Proxy(layer, {
        get: (target, name): unknown => {
          const value: unknown = name === 'shared' ? watched : Reflect.get(target, name, target);
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
      });
    },
  };
}

/** Takes note of how long fills take. Sabotaged, what is found is taken for as new as this process is. */
function watchedStore(store: SharedStore, { sabotages, appliedTo, time, server }: SharedLayerParts): SharedStore {
  const isUnproven = sabotages.has('promotion-unproven');
  const found = <T extends SharedHit | null>(hit: T): T => hit && { ...hit, through: appliedTo() };
  const answered = (answer: SharedAnswer): SharedAnswer =>
    answer.is === 'found' ? { is: 'found', hit: found(answer.hit) } : answer;
  const { leases } = store;
  return {
    ...(leases && {
      leases: {
        getOrLease: async (ask) => {
          const answer = await leases.getOrLease(ask);
          return isUnproven ? answered(answer) : answer;
        },
        renew: (lease, ms) => leases.renew(lease, ms),
        release: (lease, unshared) => leases.release(lease, unshared),
      },
    }),
    fill: async (fill) => {
      const askedAt = time.now;
      const stored = await store.fill(fill);
      server.took(time.now - askedAt);
      return stored;
    },
    get: async (namespace, key) => {
      const hit = await store.get(namespace, key);
      return isUnproven ? found(hit) : hit;
    },
  };
}
