// A layer that processes which a daemon feeds share: `connect({ shared })`. The daemon, its journal, its source and the server of Redis
// are real; the line between can be cut.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Cache } from '../../src/client/cache.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { Connection, SharedOptions } from '../../src/remote/index.ts';
import { Fed, type Way } from '../support/fed.ts';
import { natsSuite } from '../support/nats.ts';
import type { Suite } from '../support/needs.ts';
import { redisSuite, RedisServer } from '../support/redis.ts';
import { until } from '../support/until.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const redis = await redisSuite();
const suites: Readonly<Record<Way, Suite>> = { http: describe, nats: await natsSuite() };

let server: RedisServer;
let fed: Fed;
let one: Connection;
let other: Connection;
let loads = 0;

const shared = (more: Partial<SharedOptions> = {}): SharedOptions => ({
  type: 'redis',
  url: server.url,
  timeout: '5s',
  ...more,
});
const layers = (more: JsonObject = {}): JsonObject => ({
  layers: { local: { type: 'memory' }, l2: { type: 'redis', url: server.url, timeout: '5s', ...more } },
});
const products = (process: Connection): Cache<number> => process.cache<number>('product');
const read = async (process: Connection, id = 1): Promise<[number, string]> => {
  const { value, layer } = await products(process).read({
    key: `product:${String(id)}`,
    tags: [`product-${String(id)}`],
    factory: () => {
      loads++;
      return fed.version(id);
    },
  });
  return [value, layer];
};
/** What was changed is applied in the shared layer, and in these processes. */
const settled = (...processes: readonly Connection[]): Promise<void> =>
  until('the entry', () => {
    const { head } = fed.tide;
    const isApplied = fed.tide.status().layers.every(({ behind, ok }) => ok && behind === 0);
    return isApplied && processes.every((process) => process.status().watermark >= head);
  });
const proven = (process: Connection): Promise<void> =>
  until('a proof', () => (process.status().namespaces[0]?.proofAgeMs ?? Infinity) < 1_000);
const change = async (...processes: readonly Connection[]): Promise<void> => {
  const { head } = fed.tide;
  fed.change(1);
  await until('the entry', () => fed.tide.head > head);
  await settled(...processes);
};
const stored = (process: Connection, count = 1): Promise<void> =>
  until('the fill', () => (process.status().shared?.fills['stored'] ?? 0) >= count);

redis('a shared layer of processes that are fed', () => {
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.stop());

  for (const way of ['http', 'nats'] as const)
    suites[way](`over ${way}`, () => {
      beforeEach(async () => {
        fed = await Fed.start(way, layers());
        [one, other] = await Promise.all([fed.connect({ shared: shared() }), fed.connect({ shared: shared() })]);
        loads = 0;
        await Promise.all([proven(one), proven(other)]);
        await change(one, other);
      });
      afterEach(async () => {
        await fed.close();
        await server.do('FLUSHALL');
      });

      it('gives to one what another has loaded, until an event ends it for all', async () => {
        expect(await read(one)).toEqual([1, 'source']);
        await stored(one);
        expect([await read(other), await read(other), loads]).toEqual([[1, 'l2'], [1, 'local'], 1]);
        await change(one, other);
        expect(await read(other)).toEqual([2, 'source']);
        await stored(other);
        expect([await read(one), loads]).toEqual([[2, 'l2'], 2]);
        expect(one.status().shared).toMatchObject({ name: 'l2', state: 'used', reads: { found: 1 } });
      });

      it('is refused where the daemon does not end what is stored, with what to do', async () => {
        const refused = (options: Partial<SharedOptions>): Promise<unknown> =>
          fed.connect({ shared: shared(options) }).then(
            () => null,
            (error: unknown) => error,
          );
        expect(await refused({ name: 'l3' })).toMatchObject({
          code: 'SHARED_LAYER_UNKNOWN',
          message: expect.stringContaining('"l3"; it has l2') as unknown,
        });
        for (const unfit of [
          { url: 'http://127.0.0.1' },
          { url: [server.url, server.url] },
          { cluster: true, sentinel: 'master' },
        ])
          expect(await refused(unfit)).toMatchObject({ code: 'OPTION_INVALID' });
        const elsewhere = await RedisServer.start();
        try {
          await elsewhere.do('HSET', '{tidemark:l2:1:0/1}:r', 'epoch', 'another');
          expect(await refused({ url: elsewhere.url })).toMatchObject({
            code: 'SHARED_LAYER_DIFFERS',
            message: expect.stringContaining('is of journal another') as unknown,
          });
          await elsewhere.do('FLUSHALL');
          const lost = await fed.connect({ shared: shared({ url: elsewhere.url }) });
          await proven(lost);
          expect([await read(lost), await read(lost)]).toEqual([
            [1, 'source'],
            [1, 'local'],
          ]);
          await until('the answer', () => lost.status().shared?.fills['cold'] === 1);
          expect(lost.status().shared?.state).toBe('unfed');
        } finally {
          await elsewhere.stop();
        }
      });
    });
});
