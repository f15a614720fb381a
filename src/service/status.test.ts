import { afterEach, expect, it } from 'vitest';
import { ScriptedWorld } from '../../test/support/scripted.ts';
import type { NamespaceStatus } from '../model/status.ts';
import { statusOf } from './status.ts';

const START = Date.UTC(2026, 0, 1);
let world: ScriptedWorld;
afterEach(() => world.close());

const start = async (namespace: object = { max_staleness: '1s' }): Promise<void> => {
  world = await ScriptedWorld.start({ namespaces: { product: { ttl: '10m', ...namespace } } });
};
const namespace = (): NamespaceStatus | undefined => statusOf(world.engine).namespaces[0];

it('a namespace says as of when its sources have proven it, and by which echo', async () => {
  await start();
  const position = await world.db.commit({ type: 'product.seen' });
  await world.db.prove(0, position);
  await world.runtime.clock.advance(1_000);
  expect(namespace()).toMatchObject({
    trust: 'fresh',
    why: { kind: 'fresh', known: { by: 'echo', echo: { source: 'db', offset: 1, position, of: 1 } } },
    reason:
      'fresh as of 1000 ms ago (2026-01-01T00:00:00.000Z), proven by an echo through db at #1 (position 00000001), within the bound of 1000 ms',
  });
  expect(statusOf(world.engine).reasons).toEqual([]);
});

it('without max_staleness it says that the ttl is its bound', async () => {
  await start({});
  expect(namespace()).toMatchObject({
    trust: 'ttl',
    reason: 'no max_staleness asked for: the ttl bounds the age; nothing has proven it',
  });
});

it('says since when it is uncertain and why, with the source that is down', async () => {
  await start();
  await world.db.prove();
  await world.db.fail(new Error('refused'));
  await world.runtime.clock.advance(2_000);
  // It is up again and has given nothing yet.
  const { sources, reasons } = statusOf(world.engine);
  expect(sources[0]).toMatchObject({ state: 'streaming', failingSince: START });
  expect(namespace()).toMatchObject({
    trust: 'uncertain',
    why: { kind: 'unproven', since: { at: START + 1_000, agoMs: 1_000 }, heldBy: { kind: 'down', source: 'db' } },
  });
  expect(reasons).toEqual([`namespace product: ${namespace()?.reason}`]);
  await world.db.prove();
  expect(statusOf(world.engine).sources[0]).not.toHaveProperty('failingSince');
  expect(namespace()?.trust).toBe('fresh');
});

it('a source that waits is a reservation: since when it fails and with what, or for what it waits', async () => {
  await start({});
  world.db.state = { state: 'waiting', detail: 'there is no table yet' };
  expect(statusOf(world.engine).reasons).toEqual(['source db is down: there is no table yet']);
  world.db.state = { state: 'waiting' };
  expect(statusOf(world.engine).reasons).toEqual(['source db is down: restarting']);
  await world.db.fail(new Error('refused'));
  expect(statusOf(world.engine).reasons).toEqual([
    'source db is down since 2026-01-01T00:00:00.000Z, last with SOURCE_FAILED: refused',
  ]);
});

it('observers are told of withdrawn trust with its reason', async () => {
  await start();
  await world.db.prove();
  await world.runtime.clock.advance(250);
  await world.db.fail(new Error('refused'));
  await world.runtime.clock.advance(1_500);
  expect(world.told('trust:changed')).toMatchObject([
    { namespace: 'product', trust: 'fresh', reason: expect.stringContaining('echo through db') as string },
    { namespace: 'product', trust: 'uncertain', reason: expect.stringContaining('db is down since') as string },
  ]);
});
