import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { settled } from '../runtime/virtual.ts';
import { ScriptedWorld } from '../../test/support/scripted.ts';

const CONFIG = {
  namespaces: { product: { ttl: '10m', max_staleness: '1s' } },
  contracts: [{ trigger: 'product.updated', actions: [{ delete_key: 'product:{id}' }] }],
};

let world: ScriptedWorld;
let loads = 0;
const read = (): Promise<string> =>
  world.cache<string>('product').getOrSet({ key: 'product:1', factory: () => `v${++loads}` });

beforeEach(async () => {
  world = await ScriptedWorld.start(CONFIG);
  loads = 0;
});
afterEach(() => world.close());

const count = async (name: string): Promise<number> => {
  const metrics = await world.runtime.metrics.registry.getMetricsAsJSON();
  const metric = metrics.find((one) => one.name === name);
  return (metric?.values as { value: number }[] | undefined)?.[0]?.value ?? 0;
};

describe('a machine that was suspended (anomaly C14)', () => {
  it('makes what was proven before as old as it is, until the next proof', async () => {
    await world.db.prove();
    expect(await read()).toBe('v1');
    world.runtime.clock.freeze();
    await world.runtime.clock.advance(60_000);
    world.runtime.clock.thaw();
    // A proof that was under way is from before, and proves nothing now.
    await world.db.prove(60_000);
    expect(await read()).toBe('v2');
    await world.runtime.clock.advance(2_000);
    await world.db.prove();
    expect(await read()).toBe('v2');
  });

  it('is told to observers and counted', async () => {
    world.runtime.clock.freeze();
    await world.runtime.clock.advance(60_000);
    world.runtime.clock.thaw();
    await world.runtime.clock.advance(250);
    expect(world.told('clock:suspended')).toEqual([{ ms: 60_000, times: 1 }]);
    expect(world.told('loop:stalled')).toEqual([]);
    expect(await count('tidemark_clock_suspensions_total')).toBe(1);
    expect(await count('tidemark_clock_suspended_seconds_total')).toBe(60);
  });

  it('ends the ttl in time too', async () => {
    await read();
    world.runtime.clock.freeze();
    await world.runtime.clock.advance(600_000);
    world.runtime.clock.thaw();
    expect(world.cache('product').peek('product:1')).toBeUndefined();
  });
});

describe('a stalled event loop (anomaly C15)', () => {
  it('makes nothing look younger: the age is judged at the read, and a late proof is as old as its echo', async () => {
    await read();
    await world.db.prove();
    world.runtime.clock.stall(1_001);
    // Nothing of what waited has run yet: no event, no proof, no timer.
    expect(world.cache('product').peek('product:1')).toBeUndefined();
    // The echo was sent 1,001 ms ago, and only now there is time to see that it came back.
    await world.db.prove(1_001);
    expect(world.cache('product').peek('product:1')).toBeUndefined();
    await world.db.prove(1_000);
    expect(world.cache('product').peek('product:1')).toBe('v1');
  });

  it('is told to observers and counted, beyond 100 ms', async () => {
    await world.runtime.clock.advance(1_000);
    world.runtime.clock.stall(350);
    await world.runtime.clock.advance(0);
    expect(world.told('loop:stalled')).toEqual([]);
    await world.runtime.clock.advance(250);
    world.runtime.clock.stall(400);
    await world.runtime.clock.advance(0);
    await settled();
    expect(world.told('loop:stalled')).toEqual([{ ms: 150 }]);
    expect(await count('tidemark_event_loop_stalls_total')).toBe(1);
  });
});
