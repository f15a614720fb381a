import { z } from 'zod';
import { duration, secret } from '../../runtime/options.ts';
import { SHARD_MARKS_MAX } from '../../trust/shard-apply.ts';
import { CACHE_CAN, type Layer, type LayerContext, type LayerKind } from '../layer.ts';
import { Connection, isRedisUrl } from './connection.ts';
import { RedisLayer } from './layer.ts';
import { LAYOUT } from './names.ts';
import { storeOver } from './open-store.ts';
import { Shards } from './shards.ts';

/** Several masters share the work only if there is something to share; 16 fit up to 16 of them. */
const SHARDS_OF_A_CLUSTER = 16;

/** Longer than a read may wait: what is applied has nobody who waits, and a page of a flood takes a while. */
const APPLY_TIMEOUT_MS = 5_000;

const options = z
  .strictObject({
    url: z
      .union([secret(), z.array(secret()).min(1)])
      .describe('Where the server is; or a list: seeds of a cluster, or the sentinels.'),
    cluster: z.boolean().default(false).describe('The urls are nodes of a Redis Cluster.'),
    sentinel: z.string().min(1).optional().describe('The urls are sentinels, which know the master by this name.'),
    prefix: z
      .string()
      .regex(/^[\w.-]+$/, 'a prefix is a word: letters, digits, _, - and .')
      .default('tidemark')
      .describe('What the names of all keys begin with; the name of the layer follows.'),
    shards: z
      .int()
      .min(1)
      .max(1_024)
      .optional()
      .describe(
        'Parts that the entries are spread over, each on one server. Default: 1, in a cluster 16. Changed, the layer begins anew.',
      ),
    timeout: duration()
      .prefault('100ms')
      .describe('Longest time that a read waits for the layer before it goes to the source.'),
    serializer: z
      .enum(['v8', 'json'])
      .default('v8')
      .describe(
        'How values are written: v8 keeps Date, Map, BigInt and the like; json can be read by other languages.',
      ),
    compress_above: z.int().nonnegative().default(2_048).describe('Values of more bytes than this are compressed.'),
    max_value_bytes: z
      .int()
      .positive()
      .default(8 * 1024 * 1024)
      .describe('Values of more bytes than this are not stored.'),
    max_tombstones: z
      .int()
      .positive()
      .default(SHARD_MARKS_MAX)
      .describe('Invalidations that each shard remembers one by one, of keys and of tags; about 100 bytes each.'),
  })
  .superRefine(({ url: urls, cluster, sentinel }, context) => {
    for (const one of [urls].flat()) {
      if (!isRedisUrl(one.reveal()))
        context.addIssue({
          code: 'custom',
          path: ['url'],
          message: 'a url is redis://host:port or rediss://host:port, with user, password and database if need be',
        });
    }
    if (cluster && sentinel !== undefined)
      context.addIssue({
        code: 'custom',
        path: ['sentinel'],
        message: 'a cluster has no sentinels: give one of the two',
      });
    if (Array.isArray(urls) && urls.length > 1 && !cluster && sentinel === undefined)
      context.addIssue({
        code: 'custom',
        path: ['url'],
        message:
          'several urls are nodes of a cluster or sentinels: say `cluster: true` or `sentinel: <name of the master>`',
      });
  });

export type RedisLayerOptions = z.output<typeof options>;

export const redisLayer: LayerKind<RedisLayerOptions> = {
  type: 'redis',
  summary: 'Redis 7 or Valkey, shared by many processes (L2).',
  options,
  can: CACHE_CAN,
  open: (context, given) => {
    const servers = { urls: [given.url].flat(), cluster: given.cluster, sentinel: given.sentinel };
    return openOver(context, given, (timeoutMs) => Connection.open(servers, context.runtime, timeoutMs));
  },
};

/** The layer over connections of any kind. `connect` is told how long a call may take. */
export async function openOver(
  { name, runtime, authority, serializer }: LayerContext,
  given: RedisLayerOptions,
  connect: (timeoutMs: number) => Promise<Connection>,
): Promise<Layer> {
  const terms = {
    layout: LAYOUT,
    prefix: `${given.prefix}:${name}`,
    shards: given.shards ?? (given.cluster ? SHARDS_OF_A_CLUSTER : 1),
    serializer: serializer?.id ?? given.serializer,
    compressAbove: given.compress_above,
    valueBytesMax: given.max_value_bytes,
  };
  const [applying, reading] = await Promise.all([connect(APPLY_TIMEOUT_MS), connect(given.timeout)]);
  const { sharedReads, sharedFills } = runtime.metrics;
  const shared = storeOver(reading, terms, {
    layer: name,
    serializer,
    runtime,
    counts: {
      read: (result) => {
        sharedReads.inc({ layer: name, result });
      },
      filled: (result) => {
        sharedFills.inc({ layer: name, result });
      },
    },
    epoch: () => authority.claim().epoch,
    since: () => authority.since?.() ?? 0,
  });
  return new RedisLayer({
    name,
    authority,
    connection: applying,
    shards: new Shards(applying, { ...terms, marksMax: given.max_tombstones }),
    shared,
    terms,
    close: () => {
      applying.close();
      reading.close();
    },
  });
}
