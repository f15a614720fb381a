// Goal: what is told of a key is what is. Method: a whole Tidemark in virtual time is brought into each situation.
import { afterEach, describe, expect, it } from 'vitest';
import { ScriptedWorld } from '../../test/support/scripted.ts';
import type { JsonObject } from '../model/json.ts';
import type { TrustReason } from '../model/reason.ts';
import { settled } from '../runtime/virtual.ts';
import { explainKey } from './explain.ts';
import { lookup } from './lookup.ts';

const KEY = 'product:1';
const START = Date.UTC(2026, 0, 1);
const contracts = [
  { name: 'products', trigger: 'product.updated', actions: [{ delete_key: 'product:{id}' }] },
  { name: 'brands', trigger: 'brand.updated', actions: [{ purge_tag: 'brand-{id}' }] },
  { name: 'prices', trigger: 'price.updated', actions: [{ expire_key: 'product:{id}' }] },
  { name: 'sales', trigger: 'sale.updated', actions: [{ expire_tag: 'brand-{id}' }] },
];
const updated = (type = 'product.updated'): { type: string; data: JsonObject } => ({ type, data: { id: 1 } });

let world: ScriptedWorld;
afterEach(() => world.close());

async function start(
  namespace: JsonObject = { max_staleness: '1s' },
  { names = ['db'], ...more }: JsonObject & { names?: string[] } = {},
): Promise<void> {
  world = await ScriptedWorld.start(
    { namespaces: { product: { ttl: '10m', jitter: 0, ...namespace } }, contracts, ...more },
    names,
  );
}

const read = (): ReturnType<ReturnType<typeof world.cache<string>>['read']> =>
  world.cache<string>('product').read({ key: KEY, tags: ['brand-1'], factory: () => 'v' });
const wait = (ms: number): Promise<void> => world.runtime.clock.advance(ms);
const held = async (): Promise<TrustReason | undefined> => (await explainKey(world.engine, KEY)).held[0]?.why;
const absent = async (): Promise<Awaited<ReturnType<typeof explainKey>>['absent'][number] | undefined> =>
  (await explainKey(world.engine, KEY)).absent[0];

describe('what is fresh', () => {
  it('is so by its own load, until an echo says more', async () => {
    await start();
    await read();
    await wait(300);
    const known = { asOf: START, ageMs: 300, by: 'load' };
    expect(await held()).toEqual({ kind: 'fresh', known, boundMs: 1_000 });
  });

  it('is so by the echo of the source that bounds it, with its place in the journal and in the source', async () => {
    await start({ max_staleness: '1s' }, { names: ['db', 'orders'] });
    await read();
    await wait(500);
    const position = await world.source('orders').commit({ type: 'order.created' });
    await world.source('orders').prove(0, position);
    await wait(100);
    await world.db.prove();
    const echo = { source: 'orders', offset: 1, position, of: 2 };
    const why = { kind: 'fresh', known: { asOf: START + 500, ageMs: 100, by: 'echo', echo }, boundMs: 1_000 };
    expect(await held()).toEqual(why);
    const { trust, reason, maxAgeMs, asOf, why: told } = await read();
    expect({ trust, maxAgeMs, asOf, told }).toEqual({ trust: 'fresh', maxAgeMs: 100, asOf: START + 500, told: why });
    expect(reason).toBe(
      'fresh as of 100 ms ago (2026-01-01T00:00:00.500Z), proven by an echo through orders at #1 (position 00000001), the oldest of 2 sources, within the bound of 1000 ms',
    );
  });

  it('without max_staleness is told with its ttl and what is known all the same', async () => {
    await start({});
    await read();
    await wait(60_000);
    await world.db.prove();
    expect(await held()).toMatchObject({ kind: 'ttl', endsInMs: 540_000, known: { ageMs: 0, by: 'echo' } });
  });
});

describe('what cannot be proven says since when and why', () => {
  const unproven = async (): Promise<TrustReason> => {
    const why = await held();
    if (why?.kind !== 'unproven') throw new Error(JSON.stringify(why));
    return why;
  };

  it('its source is down, since its first failure, with the last error', async () => {
    await start();
    await read();
    await wait(400);
    await world.db.fail(new Error('reset'));
    await world.db.fail(new Error('refused'));
    await wait(2_600);
    const heldBy = { kind: 'down', source: 'db', since: { at: START + 400, agoMs: 2_600 } };
    expect(await unproven()).toEqual({
      kind: 'unproven',
      boundMs: 1_000,
      since: { at: START + 1_000, agoMs: 2_000 },
      known: { asOf: START, ageMs: 3_000, by: 'load' },
      heldBy: { ...heldBy, code: 'SOURCE_FAILED', message: 'refused' },
    });
    const { value, trust, layer, reason, why } = await read();
    expect({ value, trust, layer }).toEqual({ value: 'v', trust: 'fresh', layer: 'source' });
    expect(why).toMatchObject({ kind: 'loaded', from: 'source', before: { kind: 'unproven', heldBy } });
    expect(reason).toBe(
      'loaded from the source for this read; before that not provable within 1000 ms since 2000 ms ago (2026-01-01T00:00:01.000Z): db is down since 2600 ms ago (2026-01-01T00:00:00.400Z), last with SOURCE_FAILED: refused; known to be current as of 3000 ms ago (2026-01-01T00:00:00.000Z) by its own load',
    );
  });

  it('its source has come back and told of a gap, and nothing is proven behind it', async () => {
    await start();
    await world.db.gap('SLOT_LOST', 'the slot is gone');
    await read();
    await wait(1_500);
    const since = { at: START, agoMs: 1_500 };
    expect(await unproven()).toMatchObject({
      heldBy: { kind: 'gap', source: 'db', since, code: 'SLOT_LOST', message: 'the slot is gone' },
    });
    await world.db.prove();
    expect(await held()).toMatchObject({ kind: 'fresh' });
  });

  it('an echo waits for entries that an open transaction keeps from being settled', async () => {
    await start({ max_staleness: '1s' }, { names: ['db', 'orders'] });
    await read();
    await world.source('orders').part({ type: 'order.created' });
    await world.db.commit({ type: 'product.seen' });
    await wait(1_500);
    await world.source('orders').prove();
    await world.db.prove();
    expect(await unproven()).toMatchObject({
      heldBy: {
        kind: 'behind',
        source: 'db',
        entries: 2,
        watermark: 0,
        waitsFor: 2,
        open: { source: 'orders', from: 1 },
      },
    });
  });

  it('the machine was suspended, and no echo has come back since', async () => {
    await start();
    await read();
    await world.db.prove();
    world.runtime.clock.freeze();
    await wait(60_000);
    world.runtime.clock.thaw();
    const suspended = { kind: 'suspended', source: 'db', ms: 60_000 };
    // Asked before anybody has looked at the clock, and after.
    expect(await unproven()).toMatchObject({ heldBy: suspended });
    await wait(250);
    expect(await unproven()).toMatchObject({ heldBy: { ...suspended, since: { agoMs: 250 } } });
  });

  it('the event loop stands still, or did a moment ago', async () => {
    await start();
    await read();
    await world.db.prove();
    world.runtime.clock.stall(3_000);
    expect(await unproven()).toMatchObject({ heldBy: { kind: 'stalled', source: 'db', ms: 2_750 } });
    await wait(100);
    expect(await unproven()).toMatchObject({ heldBy: { kind: 'stalled', ms: 2_750, since: { agoMs: 100 } } });
  });

  it('a commit waits until readers see it', async () => {
    await start();
    await read();
    world.db.state = { state: 'streaming', gate: '741' };
    await wait(1_500);
    expect(await unproven()).toMatchObject({ heldBy: { kind: 'gate', source: 'db', transaction: '741' } });
  });

  it('the source waits for something of its own', async () => {
    await start();
    await read();
    world.db.state = { state: 'waiting', detail: 'there is no table yet' };
    await wait(1_500);
    expect(await unproven()).toMatchObject({
      heldBy: { kind: 'not-streaming', state: 'waiting', detail: 'there is no table yet' },
    });
  });

  it('nothing was ever proven since the start, or nothing any more', async () => {
    await start();
    await wait(100);
    await read();
    await wait(1_500);
    const since = { at: START, agoMs: 1_600 };
    expect(await unproven()).toMatchObject({ heldBy: { kind: 'never-proven', source: 'db', since } });
    await world.db.prove();
    await wait(1_200);
    expect(await unproven()).toMatchObject({ heldBy: { kind: 'silent', source: 'db', since: { agoMs: 1_200 } } });
  });

  it('a source of the namespace cannot prove, or it has none', async () => {
    const sources = { hook: { type: 'hook' } };
    await start({ max_staleness: '1s', sources: ['hook'] }, { sources });
    await read();
    await wait(1_500);
    expect(await unproven()).toMatchObject({ heldBy: { kind: 'cannot-prove', source: 'hook', type: 'hook' } });
    await world.close();
    await start({ max_staleness: '1s' }, { sources });
    await read();
    await wait(1_500);
    expect(await unproven()).toMatchObject({ heldBy: { kind: 'no-source' } });
  });

  it('in the words of the error, under when_uncertain: error', async () => {
    await start({ max_staleness: '1s', when_uncertain: 'error' });
    await read();
    await world.db.fail(new Error('reset'));
    await wait(1_500);
    const told = /product:1.*since 500 ms ago \(2026-01-01T00:00:01.000Z\): db is down since .*SOURCE_FAILED: reset/;
    const error = { code: 'FRESHNESS_UNPROVEN', message: expect.stringMatching(told) as string };
    await expect(read()).rejects.toMatchObject(error);
    await expect(world.cache('product').get({ key: KEY })).rejects.toMatchObject(error);
  });
});

describe('what has ended says which event did, and by which contract', () => {
  const endedBy = (type: string, action: string, contract: string): object => ({
    type,
    source: 'db',
    received: { at: START, agoMs: 0 },
    action: { kind: action, contract, widened: false },
  });

  it('by its key', async () => {
    await start();
    await read();
    await world.db.commit(updated());
    const event = endedBy('product.updated', 'delete_key', 'products');
    const why = {
      kind: 'absent',
      how: 'ended',
      end: { offset: 1, target: 'key', name: KEY, namespace: 'product', event },
    };
    const told =
      'not resident: last ended by product.updated (#1 from db, received 0 ms ago (2026-01-01T00:00:00.000Z)), which ended key "product:1" with delete_key of contract "products"';
    expect(await absent()).toEqual({ layer: 'local', namespace: 'product', reason: told, why });
    expect(await lookup(world.engine, 'product', KEY)).toEqual({ found: false, stamp: 1, reason: told, why });
    expect((await read()).why).toMatchObject({ kind: 'loaded', before: why });
  });

  it('by a tag that only the entry knew, also once its memory is given back', async () => {
    await start();
    await read();
    await world.db.commit(updated('brand.updated'));
    await wait(1_000);
    const { absent, last, endedBy: ways } = await explainKey(world.engine, KEY);
    expect(absent[0]?.why).toMatchObject({
      how: 'ended',
      end: { offset: 1, target: 'tag', name: 'brand-1', event: { action: { kind: 'purge_tag', contract: 'brands' } } },
    });
    expect(last.map(({ via }) => via)).toEqual(['purge_tag: brand-1 (brands)']);
    expect(ways.map(({ contract }) => contract)).toContain('brands');
  });

  it('by the end of a part that it embeds', async () => {
    await start({}, { namespaces: { product: { ttl: '10m' }, page: { ttl: '10m' } } });
    const parts = { key: KEY, tags: ['brand-1'], factory: () => 'v' };
    await world.cache<string>('page').read({
      key: 'page:1',
      factory: (context) => context.embed(world.cache<string>('product'), parts),
    });
    await world.db.commit(updated());
    const { absent, last } = await explainKey(world.engine, 'page:1');
    expect(absent).toMatchObject([
      {
        namespace: 'page',
        why: { how: 'ended', end: { target: 'key', name: KEY, namespace: 'product', embedded: true } },
        reason: expect.stringContaining(
          'which ended the embedded key "product:1" with delete_key of contract "products"',
        ) as string,
      },
    ]);
    expect(last.map(({ via }) => via)).toEqual(['delete_key: product:1 (products)']);
  });

  it.each([
    ['price.updated', 'key', KEY, 'expire_key', 'prices'],
    ['sale.updated', 'tag', 'brand-1', 'expire_tag', 'sales'],
  ])('softly: by %s, and is served within its bound', async (type, target, name, action, contract) => {
    await start();
    await read();
    await world.db.commit(updated(type));
    const end = { offset: 1, target, name, event: endedBy(type, action, contract) };
    expect(await held()).toMatchObject({ kind: 'expired', end, known: { by: 'load' } });
    const told = await read();
    expect(told).toMatchObject({ trust: 'stale', layer: 'local', why: { kind: 'expired', end } });
    expect(told.reason).toContain(`expired softly, last by ${type} (#1 from db`);
  });

  it('by a message, by changed contracts, or by a gap, with its namespace or with everything', async () => {
    await start();
    await read();
    await world.cache('product').clear();
    expect(await absent()).toMatchObject({
      why: { end: { target: 'namespace', event: { type: 'tidemark.invalidation', action: { contract: 'explicit' } } } },
    });
    await read();
    await world.engine.adopt({ ...world.engine.contracts, hash: 'other' });
    await settled();
    expect(await absent()).toMatchObject({
      why: { end: { target: 'everything', event: { action: { contract: 'contracts-changed' } } } },
    });
    await read();
    await world.db.gap('SLOT_LOST', 'gone');
    expect(await absent()).toMatchObject({
      why: {
        end: { target: 'everything', event: { type: 'tidemark.gap', action: { contract: 'gap', widened: true } } },
      },
    });
  });

  it('by its ttl, before and after its memory is given back', async () => {
    await start();
    // Memory is given back each 30 s.
    await wait(5_000);
    await read();
    await wait(601_000);
    expect(await held()).toEqual({ kind: 'ttl-over', since: { at: START + 605_000, agoMs: 1_000 } });
    await wait(30_000);
    expect(await absent()).toMatchObject({ why: { how: 'ttl', end: null } });
  });

  it('by others that needed the room', async () => {
    await start({}, { layers: { local: { type: 'memory', max_entries: 1 } } });
    await read();
    await world.cache<string>('product').set({ key: 'product:2', value: 'v' });
    expect(await absent()).toMatchObject({ namespace: 'product', why: { how: 'evicted', end: null } });
  });

  it('without the event once the journal has let it go, or cannot be read', async () => {
    await start();
    await read();
    await world.db.commit(updated());
    await world.db.commit({ type: 'other' });
    await world.engine.journal.trim(Infinity);
    const why = { how: 'ended', end: { offset: 1, event: null } };
    expect(await absent()).toMatchObject({ why });
    world.engine.journal.read = () => Promise.reject(new Error('closed'));
    expect(await lookup(world.engine, 'product', KEY)).toMatchObject({ why });
  });

  it('with one look into the journal for all that ask about the same event', async () => {
    await start();
    await world.db.commit(updated());
    const read = world.engine.journal.read.bind(world.engine.journal);
    let looks = 0;
    world.engine.journal.read = (after, limit) => {
      looks++;
      return read(after, limit);
    };
    for (let n = 0; n < 3; n++) await lookup(world.engine, 'product', KEY);
    expect(looks).toBe(1);
  });

  it('once for all namespaces when none is known to have held it, and not at all where another does', async () => {
    const namespaces = { product: { ttl: '10m' }, other: { ttl: '10m' } };
    await start({}, { namespaces });
    expect(await absent()).toMatchObject({ namespace: null, why: { how: 'unknown', end: null } });
    await world.cache('other').delete({ key: KEY });
    await settled();
    expect(await absent()).toMatchObject({ namespace: null, why: { how: 'unknown', end: { offset: 1 } } });
    await read();
    expect(await absent()).toBeUndefined();
  });
});

it('an observer is told of a miss in the same words, without a look into the journal', async () => {
  await start();
  await read();
  await world.db.commit(updated());
  await world.cache<string>('product').getOrSet({ key: KEY, factory: () => 'v' });
  expect(world.told('cache:miss').map(({ reason }) => reason)).toEqual([
    'not resident: nothing that is remembered has ended it',
    'not resident: last ended by #1, which ended key "product:1"',
  ]);
  await world.cache<string>('product').getOrSet({ key: KEY, factory: () => 'v', atLeast: world.engine.journal.head });
});
