// The shared layer over several servers: masters of a cluster, and a master that sentinels choose.
import { describe, expect, it } from 'vitest';
import { LiveShop } from '../support/live-shop.ts';
import { redisCluster, Sentinel } from '../support/redis-groups.ts';
import { redisSuite, RedisServer } from '../support/redis.ts';

const suite = await redisSuite();

suite('a shared layer', () => {
  describe('on a cluster', () => {
    it('lies on all of its masters, and serves nothing that is older than it may be', { timeout: 60_000 }, async () => {
      const nodes = await redisCluster(3);
      const shop = await LiveShop.open({ url: nodes.map(({ url }) => url), cluster: true });
      try {
        shop.run();
        await shop.well();
        const records = (await Promise.all(nodes.map((node) => node.do('KEYS', '*:r')))) as string[][];
        expect(records.map((keys) => keys.length > 0)).toEqual([true, true, true]);
        expect(records.flat()).toHaveLength(16);
        const [first] = nodes;
        await first?.crash();
        await shop.reads(200);
        await first?.start();
        await shop.well();
        expect(shop.wrong).toEqual([]);
      } finally {
        await shop.close();
        for (const node of nodes) await node.stop();
      }
    });
  });

  describe('behind sentinels', () => {
    it(
      'follows them to another master, and serves nothing that is older than it may be',
      { timeout: 60_000 },
      async () => {
        const master = await RedisServer.start();
        const replica = await master.replica();
        const sentinel = await Sentinel.start(master);
        const shop = await LiveShop.open({ url: [sentinel.url], sentinel: 'main' });
        try {
          shop.run();
          await shop.well();
          await sentinel.failover(replica);
          await shop.until('the layer to follow', () => shop.layer.ok);
          await shop.well();
          expect(String(await replica.do('ROLE'))).toContain('master');
          expect(shop.wrong).toEqual([]);
        } finally {
          await shop.close();
          await sentinel.stop();
          await replica.stop();
          await master.stop();
        }
      },
    );
  });
});
