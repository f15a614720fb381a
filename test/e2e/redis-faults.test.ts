// The shared layer on a real server that is hurt in each of the ways that servers are, under writes and reads. No read may
// be older than its bound or than it says, no promise may be left without a reader (vitest fails on those), and once the
// server is well again the layer is.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LiveShop, pause } from '../support/live-shop.ts';
import { redisSuite, RedisServer } from '../support/redis.ts';

const suite = await redisSuite();

interface Fault {
  readonly name: string;
  readonly hurt: (server: RedisServer, shop: LiveShop) => Promise<void>;
}

const FAULTS: readonly Fault[] = [
  { name: 'FLUSHALL', hurt: async (server) => void (await server.do('FLUSHALL')) },
  {
    name: 'a restart without anything',
    hurt: async (server, shop) => {
      await server.crash();
      await shop.reads(100);
      await server.start();
    },
  },
  {
    name: 'a restart with an old snapshot',
    hurt: async (server, shop) => {
      await server.do('SAVE');
      await shop.reads(300);
      await server.crash();
      await server.start();
    },
  },
  {
    name: 'a failover to an older replica (anomaly D3)',
    hurt: async (server, shop) => {
      const replica = await server.replica();
      await replica.do('REPLICAOF', 'NO', 'ONE');
      await shop.reads(300);
      // The address leads to what the replica has: read-only while it moves, then a master again.
      await server.do('REPLICAOF', '127.0.0.1', replica.port);
      await server.inSync();
      await server.do('REPLICAOF', 'NO', 'ONE');
      await replica.stop();
    },
  },
  {
    name: 'a master that became a replica of nobody, READONLY',
    hurt: async (server, shop) => {
      await server.do('REPLICAOF', '127.0.0.1', 1);
      await shop.until('the layer to notice', () => !shop.layer.ok);
      await shop.reads(300);
      await server.do('REPLICAOF', 'NO', 'ONE');
    },
  },
  {
    name: 'no memory left',
    hurt: async (server, shop) => {
      await server.do('CONFIG', 'SET', 'maxmemory', 1);
      await shop.reads(300);
      // Invalidations are applied all the same.
      expect(shop.layer.ok).toBe(true);
      await server.do('CONFIG', 'SET', 'maxmemory', 0);
    },
  },
  { name: 'CLIENT PAUSE', hurt: async (server) => void (await server.do('CLIENT', 'PAUSE', 800, 'ALL')) },
  { name: 'DEBUG SLEEP', hurt: async (server) => void (await server.do('DEBUG', 'SLEEP', '0.8')) },
  {
    name: 'a server that hangs, with its connections open',
    hurt: async (server, shop) => {
      server.pause();
      await shop.reads(300);
      server.resume();
    },
  },
  {
    name: 'connections that are cut',
    hurt: async (server, shop) => {
      for (let i = 0; i < 10; i++) {
        await server.do('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        await shop.reads(30);
      }
    },
  },
  { name: 'scripts that are forgotten', hurt: async (server) => void (await server.do('SCRIPT', 'FLUSH', 'SYNC')) },
  {
    name: 'a record that was evicted',
    hurt: async (server) => void (await server.do('UNLINK', '{tidemark:shared:1:1/2}:r', '{tidemark:shared:1:0/2}:k')),
  },
];

suite('a shared layer whose server suffers', () => {
  let server: RedisServer;
  let shop: LiveShop;
  beforeAll(async () => {
    server = await RedisServer.start();
    shop = await LiveShop.open({ url: server.url, shards: 2 });
    shop.run();
    await shop.well();
  });
  afterAll(async () => {
    await shop.close();
    await server.stop();
  });

  describe.each(FAULTS)('$name', ({ hurt }) => {
    it('serves nothing that is older than it may be, and is well afterwards', { timeout: 60_000 }, async () => {
      await hurt(server, shop);
      await pause(50);
      await shop.well();
      expect(shop.wrong).toEqual([]);
    });
  });

  it('has been read a great many times by then, from everywhere', () => {
    const { source, shared } = shop.counts;
    expect(Math.min(source, shared)).toBeGreaterThan(200);
    process.stderr.write(`redis faults: ${JSON.stringify(shop.counts)}\n`);
  });
});

suite('a shared layer whose server is not there', () => {
  it('costs readers nothing but its use, says so, and is used once it comes', { timeout: 60_000 }, async () => {
    const server = await RedisServer.start();
    await server.crash();
    const shop = await LiveShop.open({ url: server.url });
    try {
      shop.run();
      await shop.reads(500);
      expect(shop.counts.shared).toBe(0);
      expect(shop.layer).toMatchObject({ ok: false, detail: expect.stringContaining('redis cannot be reached') });
      await server.start();
      await shop.well();
      expect(shop.wrong).toEqual([]);
    } finally {
      await shop.close();
      await server.stop();
    }
  });
});
