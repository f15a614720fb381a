import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './ports.ts';
import { RedisServer, startRedisProcess } from './redis.ts';

const SLOTS = 16_384;

/** Masters that share the slots among them; resolves once each of them says that the cluster is well. */
export async function redisCluster(masters: number): Promise<RedisServer[]> {
  const settings = async (): Promise<Record<string, string | number>> => ({
    'cluster-enabled': 'yes',
    'cluster-port': await freePort(),
    'cluster-node-timeout': 2_000,
  });
  const nodes = await Promise.all(Array.from({ length: masters }, async () => RedisServer.start(await settings())));
  for (const [index, node] of nodes.entries()) {
    const from = Math.ceil((SLOTS * index) / masters);
    const to = Math.ceil((SLOTS * (index + 1)) / masters) - 1;
    await node.do('CLUSTER', 'ADDSLOTSRANGE', from, to);
    await node.do('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
  }
  const [first, ...others] = nodes;
  for (const node of others) {
    const busPort = Number(((await node.do('CONFIG', 'GET', 'cluster-port')) as string[])[1]);
    await first?.do('CLUSTER', 'MEET', '127.0.0.1', node.port, busPort);
  }
  for (const node of nodes) {
    while (!String(await node.do('CLUSTER', 'INFO')).includes('cluster_state:ok'))
      await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return nodes;
}

/** One sentinel, which is enough to change masters when it is told to. */
export class Sentinel {
  readonly url: string;
  readonly #client: Redis;
  readonly #end: () => Promise<void>;

  private constructor(port: number, client: Redis, end: () => Promise<void>) {
    this.url = `redis://127.0.0.1:${port}`;
    this.#client = client;
    this.#end = end;
  }

  static async start(master: RedisServer): Promise<Sentinel> {
    const port = await freePort();
    const file = join(master.dir, `sentinel-${port}.conf`);
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `sentinel monitor main 127.0.0.1 ${master.port} 1`,
      'sentinel down-after-milliseconds main 60000',
      'sentinel failover-timeout main 10000',
    ];
    writeFileSync(file, lines.join('\n'));
    const end = await startRedisProcess([file, '--sentinel'], 'Sentinel ID is');
    const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 25 });
    client.on('error', () => undefined);
    return new Sentinel(port, client, end);
  }

  /** Makes the replica the master; resolves when the sentinel says so. */
  async failover(to: RedisServer): Promise<void> {
    while (!String(await this.#client.call('SENTINEL', ['REPLICAS', 'main'])).includes(String(to.port))) await pause();
    for (;;) {
      const told = await this.#client.call('SENTINEL', ['FAILOVER', 'main']).catch((error: unknown) => String(error));
      if (told === 'OK') break;
      await pause();
    }
    const master = async (): Promise<string> =>
      String(await this.#client.call('SENTINEL', ['GET-MASTER-ADDR-BY-NAME', 'main']));
    while (!(await master()).endsWith(`,${to.port}`)) await pause();
  }

  async stop(): Promise<void> {
    this.#client.disconnect();
    await this.#end();
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
}
