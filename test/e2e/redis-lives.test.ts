// The shared layer over the lives of its daemon: restarts, other contracts, a journal that was put back.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { Tidemark, type Serializer } from '../../src/index.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { redisSuite, RedisServer } from '../support/redis.ts';

const suite = await redisSuite();

suite('what is shared', () => {
  let server: RedisServer;
  let folder: string;
  let tide: Tidemark;
  let contracts: JsonObject[];
  let serializers: Record<string, Serializer>;
  const open = async (): Promise<void> => {
    tide = await Tidemark.start({
      serializers,
      config: {
        version: 1,
        journal: { type: 'sqlite', path: join(folder, 'journal.db') },
        sources: { app: { type: 'http' } },
        layers: { local: { type: 'memory' }, shared: { type: 'redis', url: server.url, timeout: '5s' } },
        namespaces: { product: { ttl: '1h' } },
        contracts,
      },
    });
  };
  const start = async (): Promise<void> => {
    await open();
    await until(() => tide.status().layers.every(({ behind, ok }) => behind === 0 && ok));
    // With nothing to apply it is level before its shards are claimed, and a fill that comes first is not taken.
    await tide.emit({ type: 'shop.opened' }).applied;
  };
  const restart = async (meanwhile: () => void = () => undefined): Promise<void> => {
    await tide.close();
    meanwhile();
    await start();
  };
  const read = async (value: unknown = 'loaded'): Promise<readonly [unknown, string]> => {
    const result = await tide.cache('product').read({ key: 'product:1', factory: () => value });
    return [result.value, result.layer];
  };
  /** A fill is on its way when its reader has its value. */
  const stored = (): Promise<void> =>
    until(async () => ((await server.do('KEYS', '*:e:product:1')) as string[]).length > 0);
  const end = async (): Promise<void> => {
    expect(await tide.emit({ type: 'product.updated', data: { id: 1 } }).applied).toEqual({
      local: 'applied',
      shared: 'applied',
    });
  };

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tidemark-lives-'));
    contracts = [{ trigger: 'product.updated', actions: [{ delete_key: 'product:{id}' }] }];
    serializers = {};
    await start();
  });
  afterEach(async () => {
    await tide.close();
    rmSync(folder, { recursive: true });
    await server.do('FLUSHALL');
  });
  afterAll(() => server.stop());

  it('is still there after a restart, and ends with an event as before', async () => {
    await end();
    expect(await read('first')).toEqual(['first', 'source']);
    await stored();
    await restart();
    expect(await read()).toEqual(['first', 'shared']);
    await end();
    expect(await read('second')).toEqual(['second', 'source']);
  });

  it('is not served under other contracts, if anything has happened since it was loaded (anomaly C7)', async () => {
    await read('first');
    await stored();
    // Nothing to the contracts of now, and something to those that come.
    await tide.emit({ type: 'product.renamed', data: { id: 1 } }).applied;
    expect(await read()).toEqual(['first', 'local']);
    await restart(() => {
      contracts = [{ trigger: 'product.*', actions: [{ delete_key: 'product:{id}' }] }];
    });
    expect(await read('second')).toEqual(['second', 'source']);
  });

  it('is not served by a journal that was put back to an earlier state', async () => {
    await end();
    await restart(() => {
      cpSync(join(folder, 'journal.db'), join(folder, 'backup.db'));
    });
    for (let n = 0; n < 3; n++) await end();
    await read('of the lost history');
    await stored();
    await restart(() => {
      cpSync(join(folder, 'backup.db'), join(folder, 'journal.db'));
    });
    expect(await read('loaded')).toEqual(['loaded', 'source']);
    await end();
    expect(await read('again')).toEqual(['again', 'source']);
  });

  it('is not served by a journal that was put back and has gone on while the server was away', async () => {
    await end();
    await restart(() => {
      cpSync(join(folder, 'journal.db'), join(folder, 'backup.db'));
    });
    for (let n = 0; n < 3; n++) await end();
    await read('of the lost history');
    await stored();
    await tide.close();
    cpSync(join(folder, 'backup.db'), join(folder, 'journal.db'));
    server.pause();
    try {
      await open();
      // One that the shard would take for applied, because it stands where another stood.
      await tide.emit({ type: 'product.updated', data: { id: 1 } });
      for (let n = 0; n < 9; n++) await tide.emit({ type: 'shop.opened' });
    } finally {
      server.resume();
    }
    await until(() => tide.status().layers.every(({ behind, ok }) => behind === 0 && ok));
    expect(await read('loaded')).toEqual(['loaded', 'source']);
  });

  it('is only what can be written; the rest is cached in the process as always', async () => {
    const value = { method: () => 1 };
    expect(await read(value)).toEqual([value, 'source']);
    expect(await read()).toEqual([value, 'local']);
    expect(await server.do('KEYS', '*:e:product:1')).toEqual([]);
  });

  it('is written as the program wants it', async () => {
    const revived = { serialize: () => Buffer.from('any'), deserialize: () => 'revived', id: 'own-1' };
    serializers = { shared: revived };
    await restart();
    expect(await read('first')).toEqual(['first', 'source']);
    await stored();
    await restart();
    expect(await read()).toEqual(['revived', 'shared']);
  });
});

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const from = performance.now(); !(await holds());) {
    if (performance.now() - from > 10_000) throw new Error('it did not happen');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
