import { TidemarkError } from '../../errors.ts';
import type { FedLayer, SharedTerms } from '../../model/feed.ts';
import type { Epoch } from '../../model/position.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { Secret } from '../../runtime/secret.ts';
import type { Serializer } from '../shared.ts';
import { Connection, isRedisUrl } from './connection.ts';
import { LAYOUT } from './names.ts';
import { jsonSerializer, v8Serializer } from './serializer.ts';
import { Shards } from './shards.ts';
import { RedisStore, type RedisStoreParts } from './store.ts';

/** Where the server of a layer is that somebody else applies the journal to, and how this process reads it. */
export interface RedisPlace {
  readonly url: string | readonly string[];
  readonly cluster?: boolean | undefined;
  readonly sentinel?: string | undefined;
  readonly timeoutMs: number;
  readonly serializer?: Serializer | undefined;
}

export interface StoreParts extends Pick<RedisStoreParts, 'layer' | 'counts' | 'epoch' | 'since'> {
  readonly runtime: Pick<Runtime, 'clock' | 'log'>;
  readonly serializer?: Serializer | undefined;
}

/** Of the kind, in a configuration and in what a feed begins with. */
const REDIS = 'redis';

const SERIALIZERS: Readonly<Record<string, Serializer>> = { v8: v8Serializer, json: jsonSerializer };

/** @throws SHARED_LAYER_DIFFERS */
export function storeOver(connection: Connection, terms: Omit<SharedTerms, 'claimed'>, parts: StoreParts): RedisStore {
  const { layer } = parts;
  const serializer = parts.serializer ?? SERIALIZERS[terms.serializer];
  if (terms.layout !== LAYOUT)
    throw differs(layer, `the daemon lays it out in the way ${terms.layout}, this process in the way ${LAYOUT}`);
  if (!serializer)
    throw differs(layer, `its values are written by "${terms.serializer}": give that one in \`shared.serializer\``);
  const { compressAbove, valueBytesMax } = terms;
  return new RedisStore({ ...parts, shards: new Shards(connection, terms), serializer, compressAbove, valueBytesMax });
}

/** @throws OPTION_INVALID */
export function openPlace(place: RedisPlace, runtime: Pick<Runtime, 'clock' | 'random' | 'log'>): Promise<Connection> {
  const { url, cluster = false, sentinel, timeoutMs } = place;
  const urls = [url].flat();
  if (urls.length === 0 || !urls.every(isRedisUrl))
    throw new TidemarkError('OPTION_INVALID', '`shared.url` is redis://host:port or rediss://host:port, or several');
  if (cluster ? sentinel !== undefined : urls.length > 1 && sentinel === undefined)
    throw new TidemarkError(
      'OPTION_INVALID',
      'several urls are of a cluster (`cluster`) or of sentinels (`sentinel`), never of both',
    );
  return Connection.open({ urls: urls.map((one) => new Secret(one)), cluster, sentinel }, runtime, timeoutMs);
}

/**
 * The layer of that name, or the first.
 *
 * @throws SHARED_LAYER_UNKNOWN
 */
export function layerOf(layers: readonly FedLayer[], name: string | undefined): FedLayer {
  const found = layers.find((one) => one.type === REDIS && (name ?? one.name) === one.name);
  if (found) return found;
  const there = layers.length === 0 ? 'it has none' : `it has ${layers.map((one) => one.name).join(', ')}`;
  throw new TidemarkError('SHARED_LAYER_UNKNOWN', name === undefined ? there : `"${name}"; ${there}`);
}

/**
 * Whether the server that a process was given is the one that the journal is applied to, as far as its records say: those of another
 * journal are not. A server that is empty may have been emptied.
 *
 * @throws SHARED_LAYER_DIFFERS; what the server cannot be asked with
 */
export async function assertSame(connection: Connection, { name, ...terms }: FedLayer, journal: Epoch): Promise<void> {
  const epochs = await new Shards(connection, terms).epochs();
  const other = epochs.find((epoch) => epoch !== null && epoch !== journal);
  if (terms.claimed && other !== undefined)
    throw differs(
      name,
      `on this server "${terms.prefix}" is of journal ${String(other)}, and the daemon's is ${journal}`,
    );
}

function differs(layer: string, how: string): TidemarkError {
  return new TidemarkError('SHARED_LAYER_DIFFERS', `layer "${layer}": ${how}`);
}
