/**
 * Four processes over one shared layer on a real server, each with its own memory and connections: of all of them one loads a key,
 * whatever becomes of it. What a lease must never do is change a value, so every case ends with what the readers got.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { Cache } from '../src/client/cache.ts';
import type { Policy } from '../src/client/parts.ts';
import { SecondLayer } from '../src/client/second-layer.ts';
import { MemoryStore, type Shelf } from '../src/layers/memory/store.ts';
import type { Layer } from '../src/layers/layer.ts';
import { redisLayer } from '../src/layers/redis/index.ts';
import { ORIGIN, type Offset } from '../src/model/position.ts';
import { realRuntime } from '../src/runtime/real.ts';
import { NEVER } from '../src/trust/proofs.ts';
import { TestJournal } from './conformance/layer.ts';
import { redisSuite, RedisServer } from './support/redis.ts';

const suite = await redisSuite();

/** A load that answers when it is told to. */
class Load {
  readonly by: Member;
  readonly #settle: (value: string | Error) => void;

  constructor(by: Member, settle: (value: string | Error) => void) {
    this.by = by;
    this.#settle = settle;
  }

  answer(value: string | Error): void {
    this.#settle(value);
  }
}

class Source {
  readonly loads: Load[] = [];
  #told: (() => void)[] = [];

  begin(by: Member): Promise<string> {
    return new Promise((resolve, reject) => {
      const settle = (value: string | Error): void => {
        if (value instanceof Error) reject(value);
        else resolve(value);
      };
      this.loads.push(new Load(by, settle));
      for (const told of this.#told.splice(0)) told();
    });
  }

  async load(n: number): Promise<Load> {
    for (;;) {
      const load = this.loads[n];
      if (load) return load;
      await new Promise<void>((resolve) => this.#told.push(resolve));
    }
  }
}

class Member {
  readonly layer: Layer;
  readonly store = new MemoryStore();
  readonly closing = new AbortController();
  readonly cache: Cache<string, string>;
  readonly #source: Source;

  constructor(layer: Layer, source: Source, given: Partial<Policy>) {
    this.layer = layer;
    this.#source = source;
    const { store, closing } = this;
    const runtime = realRuntime();
    const shelf: Shelf = { name: 'n', provenAt: NEVER };
    const policy: Policy = {
      name: 'n',
      ttlMs: 60_000,
      jitter: 0,
      maxStalenessMs: undefined,
      whenUncertain: 'bypass',
      loadWaitMs: 30_000,
      ...given,
    };
    const shared = layer.shared!;
    this.cache = new Cache<string, string>({
      store,
      shelf,
      policy,
      second: new SecondLayer({
        name: layer.name,
        shared,
        store,
        shelf,
        policy,
        runtime,
        asOf: () => NEVER,
        closing: closing.signal,
      }),
      counts: { hits: 0, misses: 0, uncertain: 0, stored: 0, refused: 0, skipped: 0 },
      runtime,
      observer: { active: false, tell: () => undefined },
      layer: 'memory',
      closing: closing.signal,
      invalidate: () => Promise.reject(new Error('not here')),
    });
  }

  read(key: string, skip = false): Promise<string> {
    return this.cache.getOrSet({
      key,
      tags: ['g'],
      factory: (context) => {
        if (skip) context.skip();
        return this.#source.begin(this);
      },
    });
  }

  delete(key: string, at: Offset): void {
    this.store.apply([{ action: { kind: 'delete_key', target: key }, at }], at);
  }
}

suite('one load of a key for all processes', () => {
  let server: RedisServer;
  let journal: TestJournal;
  let source: Source;
  const layers: Layer[] = [];
  const members = async (count: number, given: Partial<Policy> = {}): Promise<Member[]> => {
    const opened: Member[] = [];
    for (let n = 0; n < count; n++) {
      const context = { name: 'shared', runtime: realRuntime(), startAt: ORIGIN, authority: journal };
      const options = redisLayer.options.parse({ url: server.url, timeout: 2_000 });
      const layer = await redisLayer.open(context, options);
      layers.push(layer);
      await layer.resume?.();
      opened.push(new Member(layer, source, given));
    }
    return opened;
  };
  const end = async ([first, ...rest]: Member[], key: string, at: number): Promise<void> => {
    const action = { kind: 'delete_key' as const, target: key };
    for (const one of [first!, ...rest]) one.delete(key, at as Offset);
    await first!.layer.apply([{ action, at: at as Offset }], at as Offset, new AbortController().signal);
  };

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    const client = server.client();
    await client.flushall();
    client.disconnect();
    journal = new TestJournal();
    source = new Source();
  });
  afterEach(async () => {
    for (const layer of layers.splice(0)) await layer.close();
  });

  it('readers of four processes that come at once get what one of them loads', async () => {
    const all = await members(4);
    const reads = all.flatMap((member) => [member.read('k'), member.read('k')]);
    (await source.load(0)).answer('v');
    expect(await Promise.all(reads)).toEqual(Array(8).fill('v'));
    expect(source.loads).toHaveLength(1);
  });

  it('when a load fails the next one loads, and nobody else fails', async () => {
    const all = await members(4);
    const reads = all.map((member) => member.read('k').catch((error: unknown) => String(error)));
    (await source.load(0)).answer(new Error('down'));
    (await source.load(1)).answer('v');
    expect((await Promise.all(reads)).sort()).toEqual(['Error: down', 'v', 'v', 'v']);
    expect(source.loads).toHaveLength(2);
  });

  it('a load that ends in any other error passes on as well', async () => {
    const [a, b] = (await members(2)) as [Member, Member];
    const first = a.cache.getOrSet({ key: 'k', ttl: 'soon', factory: () => 'v' });
    await expect(first).rejects.toMatchObject({ code: 'OPTION_INVALID' });
    const second = b.read('k');
    (await source.load(0)).answer('v');
    expect(await second).toBe('v');
    expect(source.loads.map(({ by }) => by)).toEqual([b]);
  });

  it('a value whose age is uncertain is loaded again: what is shared says nothing of its age', async () => {
    const [a] = (await members(1, { maxStalenessMs: 1, whenUncertain: 'revalidate' })) as [Member];
    const first = a.read('k');
    (await source.load(0)).answer('v');
    await first;
    const far = 1 as Offset;
    await a.layer.apply([], far, new AbortController().signal);
    while ((await a.layer.shared!.get('n', 'k'))?.through !== far)
      await new Promise((resolve) => setImmediate(resolve));
    expect(await a.read('k')).toBe('v');
    (await source.load(1)).answer('v');
  });

  it('what is ended while it is loaded is loaded again at once, and the first load does not come back', async () => {
    const [a, b] = (await members(2)) as [Member, Member];
    const first = a.read('k');
    const load = await source.load(0);
    await end([a, b], 'k', 1);
    const second = b.read('k');
    (await source.load(1)).answer('new');
    expect(await second).toBe('new');
    load.answer('old');
    await first;
    expect(await a.read('k')).toBe('new');
    expect(source.loads).toHaveLength(2);
  });

  it('a process that is gone holds the others up until its lease ends, and no longer', async () => {
    const [a, b] = (await members(2)) as [Member, Member];
    void a.read('k').catch(() => undefined);
    await source.load(0);
    await a.layer.close();
    const read = b.read('k');
    (await source.load(1)).answer('v');
    expect(await read).toBe('v');
    expect(source.loads.map(({ by }) => by)).toEqual([a, b]);
    a.closing.abort();
  });

  it('a load that takes longer than a lease keeps it', async () => {
    const [a, b] = (await members(2, { loadWaitMs: 3_000, whenLoadWaits: 'error' })) as [Member, Member];
    const first = a.read('k');
    const load = await source.load(0);
    await expect(b.read('k')).rejects.toMatchObject({ code: 'LOAD_ELSEWHERE' });
    load.answer('v');
    expect(await first).toBe('v');
    expect(await b.read('k')).toBe('v');
    expect(source.loads).toHaveLength(1);
  });

  it('who has waited for as long as the namespace says loads it', async () => {
    const [a, b] = (await members(2, { loadWaitMs: 50 })) as [Member, Member];
    const first = a.read('k');
    const load = await source.load(0);
    const second = b.read('k');
    (await source.load(1)).answer('v');
    expect(await second).toBe('v');
    load.answer('v');
    expect(await first).toBe('v');
  });

  it('nobody waits for what is not shared', async () => {
    const all = await members(3);
    const [first, ...rest] = all as [Member, ...Member[]];
    const skipped = first.read('k', true);
    (await source.load(0)).answer('own');
    expect(await skipped).toBe('own');
    const client = server.client();
    // What the others wait for is the word that there is nothing to wait for.
    while (!(await client.keys('*:l:*')).length) await new Promise((resolve) => setImmediate(resolve));
    client.disconnect();
    const reads = rest.map((member) => member.read('k', true));
    await source.load(2);
    for (const load of source.loads.slice(1)) load.answer('own');
    expect(await Promise.all(reads)).toEqual(['own', 'own']);
  });

  it('without the server each process loads for itself', async () => {
    const all = await members(3);
    await server.crash();
    const reads = all.map((member) => member.read('k'));
    await source.load(2);
    for (const load of source.loads) load.answer('v');
    expect(await Promise.all(reads)).toEqual(['v', 'v', 'v']);
    await server.start();
  });

  it('a server that may only be read still gives what it has, and keeps nobody from loading what it has not', async () => {
    const [a, b] = (await members(2)) as [Member, Member];
    const stored = a.read('k');
    (await source.load(0)).answer('v');
    await stored;
    while ((await b.layer.shared!.get('n', 'k')) === null) await new Promise((resolve) => setImmediate(resolve));
    await server.do('REPLICAOF', '127.0.0.1', 1);
    expect(await b.read('k')).toBe('v');
    const reads = [a.read('other'), b.read('other')];
    await source.load(2);
    for (const load of source.loads) load.answer('w');
    expect(await Promise.all(reads)).toEqual(['w', 'w']);
    await server.do('REPLICAOF', 'NO', 'ONE');
  });
});
