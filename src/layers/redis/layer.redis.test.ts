import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { redisSuite, RedisServer } from '../../../test/support/redis.ts';
import type { ActionKind } from '../../model/plan.ts';
import type { Offset } from '../../model/position.ts';
import { realRuntime } from '../../runtime/real.ts';
import type { Claim } from '../../trust/shard.ts';
import type { Layer, StampedAction } from '../layer.ts';
import type { SharedHit } from '../shared.ts';
import { redisLayer } from './index.ts';

const suite = await redisSuite();
const at = (offset: number): Offset => offset as Offset;
const never = new AbortController().signal;

/** A journal as the layer sees it. */
class FakeAuthority {
  epoch = 'j';
  owner = 1;
  contractHash = 'c';
  head = 0;
  renewed = 0;
  claim = (): Claim => ({ epoch: this.epoch, owner: this.owner, contractHash: this.contractHash });
  settledAt = (): Promise<Offset> => Promise.resolve(at(this.head));
  renew = (): Promise<void> => {
    this.epoch = `j${++this.renewed}`;
    return Promise.resolve();
  };
}

function act(kind: ActionKind, target: string, offset: number): StampedAction {
  return { action: { kind, target }, at: at(offset) };
}

suite('a redis layer', () => {
  let server: RedisServer;
  let authority: FakeAuthority;
  const open: Layer[] = [];
  const layerOf = async (options: object = {}, own = authority): Promise<Layer> => {
    const runtime = realRuntime();
    const given = redisLayer.options.parse({ url: server.url, timeout: 2_000, ...options });
    const layer = await redisLayer.open({ name: 'shared', runtime, startAt: at(0), authority: own }, given);
    open.push(layer);
    return layer;
  };
  const put = async (layer: Layer, key: string, stamp: number, more: object = {}): Promise<boolean> => {
    const fill = { namespace: 'n', key, value: `${key}@${stamp}`, tags: [], ttlMs: 60_000, ahead: false };
    return (await layer.shared!.fill({ ...fill, stamp: at(stamp), ...more })) === 'stored';
  };
  const got = (layer: Layer, key: string): Promise<SharedHit | null> => layer.shared!.get('n', key);
  const valueOf = async (layer: Layer, key: string): Promise<unknown> => (await got(layer, key))?.value;

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  beforeEach(() => {
    authority = new FakeAuthority();
  });
  afterEach(async () => {
    for (const layer of open.splice(0)) await layer.close();
    await server.do('FLUSHALL');
    await server.do('CONFIG', 'SET', 'maxmemory', 0);
    await server.do('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
  });
  afterAll(() => server.stop());

  it('believes no shard that it has not taken over: its journal may have been put back', async () => {
    const earlier = await layerOf();
    await earlier.resume!();
    await earlier.apply([], at(7), never);
    await put(earlier, 'k', 7);
    const later = Object.assign(new FakeAuthority(), { owner: 2, head: 9, since: () => 2, beganAt: () => at(5) });
    const layer = await layerOf({}, later);
    expect(await got(layer, 'k')).toBeNull();
    expect(await layer.resume!()).toBe(9);
    expect(later.renewed).toBe(1);
    expect(await got(layer, 'k')).toBeNull();
    expect(await put(layer, 'k', 9)).toBe(true);
    expect(await valueOf(layer, 'k')).toBe('k@9');
  });

  it('gives back what was stored, with how far it is good and how long', async () => {
    const layer = await layerOf();
    expect(await layer.resume!()).toBe(0);
    expect(await put(layer, 'k', 3, { tags: ['red', '\ud800'], ahead: true, value: { when: new Date(5) } })).toBe(true);
    await layer.apply([], at(7), never);
    const hit = await got(layer, 'k');
    expect(hit).toMatchObject({ value: { when: new Date(5) }, through: 7, tags: ['red', '\ud800'], ahead: true });
    expect(hit?.leftMs).toBeGreaterThan(59_000);
    expect(hit?.leftMs).toBeLessThanOrEqual(60_000);
    expect(await got(layer, 'other')).toBeNull();
  });

  it('has nothing and stores nothing before a daemon has taken it over', async () => {
    const layer = await layerOf();
    expect(await put(layer, 'k', 3)).toBe(false);
    await expect(layer.apply([], at(1), never)).rejects.toMatchObject({ code: 'REDIS_BEHIND' });
    expect(await got(layer, 'k')).toBeNull();
  });

  it.each([1, 4])('spread over %i shards, ends keys, tags and namespaces wherever they lie', async (shards) => {
    const layer = await layerOf({ shards });
    await layer.resume!();
    const keys = Array.from({ length: 40 }, (_, i) => `product:${i}`);
    for (const key of keys) await put(layer, key, 1, { tags: [Number(key.split(':')[1]) % 2 ? 'odd' : 'even'] });
    await layer.apply([act('delete_key', 'product:7', 2), act('purge_tag', 'even', 2)], at(2), never);
    const left = await Promise.all(keys.map(async (key) => ((await got(layer, key))?.through === 2 ? 1 : 0)));
    expect(left.reduce<number>((sum, one) => sum + one, 0)).toBe(19);
    await layer.apply([act('purge_namespace', 'n', 3)], at(3), never);
    expect(await Promise.all(keys.map((key) => got(layer, key)))).toEqual(keys.map(() => null));
    expect(await put(layer, 'product:1', 2)).toBe(false);
    expect(await put(layer, 'product:1', 3)).toBe(true);
  });

  it('applies thousands of actions at once', async () => {
    const layer = await layerOf({ shards: 2 });
    await layer.resume!();
    for (const key of ['k0', 'k1999', 'kept']) await put(layer, key, 1);
    const actions = Array.from({ length: 2_000 }, (_, i) => act('delete_key', `k${i}`, 2));
    await layer.apply([...actions, act('purge_tag', 'red', 2)], at(2), never);
    expect([await valueOf(layer, 'k0'), await valueOf(layer, 'k1999')]).toEqual([undefined, undefined]);
    expect((await got(layer, 'kept'))?.through).toBe(2);
  });

  it('an expired entry is good up to its stamp only', async () => {
    const layer = await layerOf();
    await layer.resume!();
    await put(layer, 'k', 3);
    await layer.apply([act('expire_key', 'k', 5)], at(5), never);
    expect((await got(layer, 'k'))?.through).toBe(3);
  });

  it('ends an entry with its TTL, also where another namespace holds the same key for longer', async () => {
    const layer = await layerOf();
    await layer.resume!();
    await put(layer, 'k', 1, { ttlMs: 40 });
    await put(layer, 'k', 1, { ttlMs: 60_000, namespace: 'm' });
    await until(async () => (await got(layer, 'k')) === null);
    expect((await layer.shared!.get('m', 'k'))?.value).toBe('k@1');
    expect(await put(layer, 'k', 0)).toBe(true);
  });

  it('is not harmed by a delete that is tried again after a newer fill (anomaly D4)', async () => {
    const layer = await layerOf();
    await layer.resume!();
    await put(layer, 'k', 1);
    const slow = act('delete_key', 'k', 2);
    await layer.apply([slow], at(2), never);
    await put(layer, 'k', 2);
    await layer.apply([slow], at(2), never);
    expect(await got(layer, 'k')).toMatchObject({ value: 'k@2', through: 2 });
  });

  it('that has lost what was sent to it says so, and where it has to be sent again (anomaly C3)', async () => {
    const layer = await layerOf({ shards: 2 });
    await layer.resume!();
    for (const offset of [1, 2, 3]) await layer.apply([], at(offset), never);
    await server.do('HSET', '{tidemark:shared:1:1/2}:r', 'watermark', 1);
    const next = layer.apply([act('purge_tag', 'red', 4)], at(4), never);
    await expect(next).rejects.toMatchObject({ code: 'REDIS_BEHIND' });
    authority.head = 4;
    expect(await layer.resume!()).toBe(1);
    await layer.apply([act('purge_tag', 'red', 4)], at(4), never);
    expect(await layer.resume!()).toBe(4);
  });

  it('goes on after the server has forgotten the scripts', async () => {
    const layer = await layerOf();
    await layer.resume!();
    await put(layer, 'k', 1);
    await server.do('SCRIPT', 'FLUSH', 'SYNC');
    expect(await valueOf(layer, 'k')).toBe('k@1');
    await server.do('SCRIPT', 'FLUSH', 'SYNC');
    await layer.apply([act('delete_key', 'k', 2)], at(2), never);
    expect(await valueOf(layer, 'k')).toBeUndefined();
  });

  describe('is taken over', () => {
    it('by the next life of its daemon, which goes on at the lowest watermark', async () => {
      const first = await layerOf({ shards: 3 });
      await first.resume!();
      await put(first, 'k', 4);
      await first.apply([], at(9), never);
      await server.do('HSET', '{tidemark:shared:1:2/3}:r', 'watermark', 6);
      Object.assign(authority, { owner: 2, head: 9 });
      const next = await layerOf({ shards: 3 });
      expect(await next.resume!()).toBe(6);
      await next.apply([act('delete_key', 'k', 7)], at(9), never);
      expect(await valueOf(next, 'k')).toBeUndefined();
    });

    it('only by a newer one, and then the older changes nothing more (anomaly C6)', async () => {
      const old = await layerOf();
      await old.resume!();
      const newer = new FakeAuthority();
      newer.owner = 2;
      const layer = await layerOf({}, newer);
      await layer.resume!();
      await put(layer, 'k', 1);
      await expect(old.apply([act('delete_key', 'k', 5)], at(5), never)).rejects.toMatchObject({
        code: 'REDIS_DEPOSED',
      });
      await expect(old.resume!()).rejects.toMatchObject({ code: 'REDIS_DEPOSED' });
      expect(await got(layer, 'k')).toMatchObject({ value: 'k@1', through: 1 });
    });

    it('under other contracts: nothing from before is served (anomaly C7)', async () => {
      const layer = await layerOf();
      await layer.resume!();
      await put(layer, 'k', 4);
      await layer.apply([], at(4), never);
      Object.assign(authority, { contractHash: 'c2', head: 6 });
      await expect(layer.apply([], at(6), never)).rejects.toMatchObject({ code: 'REDIS_BEHIND' });
      expect(await layer.resume!()).toBe(4);
      await layer.apply([], at(6), never);
      expect(await valueOf(layer, 'k')).toBeUndefined();
      expect([await put(layer, 'k', 5), await put(layer, 'k', 6)]).toEqual([false, true]);
    });

    it('by another journal: offsets of the old one mean nothing (anomaly C10)', async () => {
      const layer = await layerOf();
      await layer.resume!();
      await put(layer, 'k', 4);
      const other = Object.assign(new FakeAuthority(), { epoch: 'other', owner: 2, head: 3 });
      const later = await layerOf({}, other);
      expect(await later.resume!()).toBe(3);
      expect([await valueOf(later, 'k'), await valueOf(layer, 'k')]).toEqual([undefined, undefined]);
      expect([await put(layer, 'k', 9), await put(later, 'k', 3)]).toEqual([false, true]);
    });

    it('by a journal that was put back, which becomes another one', async () => {
      const layer = await layerOf();
      await layer.resume!();
      await put(layer, 'k', 8);
      await layer.apply([], at(9), never);
      Object.assign(authority, { owner: 2, head: 5 });
      const later = await layerOf();
      expect(await later.resume!()).toBe(5);
      expect(authority.renewed).toBe(1);
      expect(await valueOf(later, 'k')).toBeUndefined();
    });
  });

  describe('values', () => {
    it('that cannot be written are not stored, and neither are those that are too large', async () => {
      const layer = await layerOf({ max_value_bytes: 1_000, compress_above: 10_000 });
      await layer.resume!();
      expect(await put(layer, 'k', 1, { value: { f: () => 1 } })).toBe(false);
      expect(await put(layer, 'k', 1, { value: 'x'.repeat(1_000) })).toBe(false);
      expect(await put(layer, 'k', 1, { tags: Array.from({ length: 1_001 }, String) })).toBe(false);
      expect(await got(layer, 'k')).toBeNull();
    });

    it('of another format are not read, and are ended all the same (anomaly D21)', async () => {
      const v8 = await layerOf();
      const json = await layerOf({ serializer: 'json' });
      await v8.resume!();
      await put(v8, 'k', 1, { value: new Date(5) });
      expect(await got(json, 'k')).toBeNull();
      expect(await put(json, 'k', 1)).toBe(true);
      expect([await valueOf(v8, 'k'), await valueOf(json, 'k')]).toEqual([new Date(5), 'k@1']);
      await v8.apply([act('delete_key', 'k', 2)], at(2), never);
      expect([await got(v8, 'k'), await got(json, 'k')]).toEqual([null, null]);
    });

    it('that somebody has damaged are misses', async () => {
      const layer = await layerOf();
      await layer.resume!();
      await put(layer, 'k', 1);
      const [field] = ((await server.do('HKEYS', '{tidemark:shared:1:0/1}:e:k')) as string[]).filter((one) =>
        one.startsWith('v'),
      );
      await server.do('HSET', '{tidemark:shared:1:0/1}:e:k', field ?? '', 'damaged');
      expect(await got(layer, 'k')).toBeNull();
    });
  });

  describe('a server', () => {
    it('without memory still takes invalidations, and no fills', async () => {
      const layer = await layerOf();
      await layer.resume!();
      await put(layer, 'k', 1);
      await server.do('CONFIG', 'SET', 'maxmemory', 1);
      expect(await put(layer, 'other', 1)).toBe(false);
      expect(await valueOf(layer, 'k')).toBe('k@1');
      await layer.apply([act('delete_key', 'k', 2), act('purge_tag', 'red', 2)], at(2), never);
      expect(await valueOf(layer, 'k')).toBeUndefined();
      authority.head = 2;
      expect(await layer.resume!()).toBe(2);
    });

    it('whose policy may evict tombstones is warned of', async () => {
      const layer = await layerOf();
      await server.do('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
      await layer.resume!();
      expect(layer.warnings?.join()).toContain('volatile-lru');
      await server.do('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru');
      await layer.resume!();
      expect(layer.warnings).toEqual([]);
    });

    it('whose tombstones were evicted counts as empty', async () => {
      const layer = await layerOf();
      await layer.resume!();
      await put(layer, 'k', 1);
      await layer.apply([act('delete_key', 'gone', 5)], at(5), never);
      await server.do('UNLINK', '{tidemark:shared:1:0/1}:k');
      expect([await got(layer, 'k'), await put(layer, 'gone', 3)]).toEqual([null, false]);
      authority.head = 5;
      expect(await layer.resume!()).toBe(5);
      expect([await got(layer, 'k'), await put(layer, 'gone', 3)]).toEqual([null, false]);
    });

    it('that refuses the user says so', async () => {
      await server.do('ACL', 'SETUSER', 'guest', 'on', '>pw', '~other*', '+@all');
      const given = redisLayer.options.parse({ url: server.url.replace('://', '://guest:pw@') });
      const context = { name: 'shared', runtime: realRuntime(), startAt: at(0), authority };
      const layer = await redisLayer.open(context, given);
      open.push(layer);
      await expect(layer.resume!()).rejects.toMatchObject({ code: 'REDIS_AUTH' });
    });
  });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const from = performance.now(); !(await holds());) {
    if (performance.now() - from > 10_000) throw new Error('it did not happen');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
