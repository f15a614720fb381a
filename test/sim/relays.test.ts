import { afterEach, describe, expect, it } from 'vitest';
import { LEASE_MS } from '../../src/sim/shared-journal.ts';
import type { FeedTime } from '../../src/model/feed.ts';
import { ORIGIN } from '../../src/model/position.ts';
import { invalidationOf, send } from '../../src/service/emission.ts';
import { timeFor } from '../../src/service/fed-members.ts';
import { statusOf } from '../../src/service/status.ts';
import { contract, RelayWorld, type Relay } from '../support/relay-world.ts';

let world: RelayWorld;

afterEach(() => world.close());

const owns = ({ engine }: Relay): boolean => engine.works.get('source:db')?.isOurs === true;
const fresh = ({ engine }: Relay): boolean =>
  engine.runtime.clock.mono() - (engine.namespaces.all.get('row')?.shelf.provenAt ?? -Infinity) < 1_000;

async function two(faults = {}): Promise<[Relay, Relay]> {
  world = new RelayWorld(faults);
  const first = await world.start();
  await world.pass(200);
  const second = await world.start();
  await world.pass(500);
  return [first, second];
}

/** The versions of the row as the journal has them. */
async function journaled({ engine }: Relay): Promise<unknown[]> {
  const entries = await engine.journal.read(ORIGIN, 1_000);
  return entries
    .filter(({ source }) => source === 'db')
    .map(({ event }) => (event.data as { version: number }).version);
}

describe('two relays of one journal', () => {
  it('one reads the source, and both serve what it has proven', async () => {
    const [first, second] = await two();
    expect([owns(first), owns(second)]).toEqual([true, false]);
    for (const relay of [first, second]) {
      await world.get(relay);
      expect(await world.get(relay)).toEqual({ value: 0, loaded: false });
    }
    world.commit(1);
    await world.pass(300);
    for (const relay of [first, second]) expect(await world.get(relay)).toEqual({ value: 1, loaded: true });
    expect(second.acknowledged).toEqual([]);
  });

  it('a proof of another relay is never taken for younger than it is, however late and lossy words are', async () => {
    let n = 0;
    const [, second] = await two({ underWay: () => (n++ % 5 === 0 ? null : 80) });
    await world.pass(3_000);
    expect(fresh(second)).toBe(true);
    let before = 0;
    for (let i = 1; i < 40; i++) {
      world.commit(i);
      const { value } = await world.get(second);
      expect(value as number).toBeGreaterThanOrEqual(before);
      before = Math.max(0, i - 8);
      await world.pass(110);
    }
  });

  it('of an owner that is killed the other takes over when the lease has run out, from where it was', async () => {
    const [first, second] = await two();
    for (let i = 1; i <= 5; i++) world.commit(i);
    await world.pass(200);
    world.pause(first);
    world.commit(6);
    const ms = await world.until(() => owns(second));
    expect(ms).toBeLessThanOrEqual(LEASE_MS + 200);
    await world.pass(300);
    expect(await journaled(second)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(fresh(second)).toBe(true);
  });

  it('an owner that ends lets the other have it at once', async () => {
    const [first, second] = await two();
    const closed = first.engine.close();
    expect(await world.until(() => owns(second))).toBeLessThanOrEqual(100);
    await closed;
  });

  it('an owner that wakes up late journals nothing any more, acknowledges nothing, and stands by', async () => {
    const [first, second] = await two();
    world.commit(1);
    await world.pass(300);
    const acknowledged = first.acknowledged.length;
    world.pause(first);
    world.commit(2);
    const ms = await world.until(() => owns(second));
    world.commit(3);
    await world.pass(500);
    await world.wake(first, ms + 500);
    await world.pass(500);
    expect([owns(first), owns(second)]).toEqual([false, true]);
    expect(first.acknowledged.length).toBe(acknowledged);
    expect(await journaled(second)).toEqual([1, 2, 3]);
    expect(fresh(first)).toBe(true);
    expect(await world.get(first)).toMatchObject({ value: 3 });
  });

  it('a paused relay that wakes serves nothing that was changed meanwhile', async () => {
    const [first, second] = await two();
    await world.get(first);
    await world.get(second);
    world.pause(first);
    world.commit(1);
    const ms = await world.until(() => owns(second));
    await world.pass(1_000);
    first.runtime.clock.stall(ms + 1_000);
    first.paused = false;
    expect(await world.get(first)).toMatchObject({ value: 1 });
    first.opening.mend();
    await world.pass(500);
    expect(await world.get(second)).toMatchObject({ value: 1 });
  });

  it('events that are sent are taken by the relay that reads nothing, too', async () => {
    const [first, second] = await two();
    await world.get(first);
    const events = [{ id: 'sent', source: 'tidemark', type: 'row.updated', data: { id: 1 } }];
    await second.engine.accept({
      source: 'tidemark',
      epoch: '',
      position: null,
      first: 0,
      commit: true,
      events,
      receivedAt: 0,
    });
    await world.pass(100);
    expect((await world.get(first)).loaded).toBe(true);
  });
});

describe('contracts that another relay has adopted', () => {
  it('make a relay with older ones stand by: it plans nothing and says why, and its cache goes on', async () => {
    const [first, second] = await two();
    const third = await world.start({ contracts: [contract('other')] });
    await world.until(() => owns(third));
    expect(owns(first) || owns(second)).toBe(false);
    const events = [{ id: 'sent', source: 'tidemark', type: 'row.updated', data: { id: 1 } }];
    const sent = { source: 'tidemark', epoch: '', position: null, first: 0, commit: true, events, receivedAt: 0 };
    await expect(first.engine.accept(sent)).rejects.toMatchObject({ code: 'CONTRACTS_SUPERSEDED' });
    const { ready, reasons } = statusOf(first.engine);
    expect([ready, reasons[0]]).toEqual([
      false,
      `standing by: another relay has adopted the contracts ${third.engine.contracts.hash}`,
    ]);
    expect(statusOf(third.engine).ready).toBe(true);
    world.commit(7);
    await world.pass(500);
    expect(await world.get(first)).toMatchObject({ value: 7 });
    expect(fresh(first)).toBe(true);
  });

  it('are not passed by a plan under old ones, whatever the relay has heard', async () => {
    const [first] = await two();
    first.opening.cut();
    world.commit(1);
    await world.pass(LEASE_MS);
    const third = await world.start({ contracts: [contract('other')] });
    await world.until(() => owns(third));
    first.opening.mend();
    await world.pass(500);
    const entries = await third.engine.journal.read(ORIGIN, 1_000);
    const adopted = entries.findLast(({ event }) => event.type === 'tidemark.contracts-changed');
    const { hash } = third.engine.contracts;
    expect(adopted?.plan.contractHash).toBe(hash);
    for (const { offset, plan } of entries) if (offset > (adopted?.offset ?? 0)) expect(plan.contractHash).toBe(hash);
  });

  it('let it come back when it reloads them', async () => {
    const [first, second] = await two();
    const third = await world.start({ contracts: [contract('other')] });
    await world.until(() => owns(third));
    await first.engine.adopt(third.engine.contracts);
    void third.engine.close();
    await world.until(() => owns(first));
    expect(owns(second)).toBe(false);
  });
});

describe('an event that is to be everywhere', () => {
  const everywhere = async (relay: Relay): Promise<{ readonly results: () => string[]; ms: number | null }> => {
    const { engine, runtime } = relay;
    const event = invalidationOf(engine, { keys: ['row:1'] });
    const sent = send(engine, event.source, [event]);
    await world.pass(10);
    const receipt = await sent;
    const begun = runtime.clock.mono();
    const told = { results: () => receipt.processes().map(({ result }) => result), ms: null as number | null };
    void receipt.everywhere(new AbortController().signal).then(() => (told.ms = runtime.clock.mono() - begun));
    return told;
  };
  const behind = { id: 'p', name: 'shop-1', watermark: ORIGIN };

  it('waits for the memory of every relay, and for what another relay feeds', async () => {
    const [first, second] = await two();
    await world.pass(3_000);
    void timeFor(second.engine, { ...behind, epoch: second.engine.journal.identity.epoch });
    await world.pass(300);
    const told = await everywhere(first);
    await world.pass(200);
    expect([told.results().sort(), told.ms]).toEqual([['applied', 'waiting'], null]);
    const { journal } = second.engine;
    void timeFor(second.engine, { ...behind, epoch: journal.identity.epoch, watermark: journal.head });
    await world.until(() => told.ms !== null);
    expect(told.results()).toEqual(['applied', 'applied']);
  });

  it('is told the time of the relay that feeds, whichever is asked, and of the other when that one is gone', async () => {
    const [first, second] = await two();
    const question = { ...behind, epoch: first.engine.journal.identity.epoch };
    const ask = async (clock?: string): Promise<FeedTime> => {
      const answer = timeFor(first.engine, { ...question, clock });
      await world.pass(100);
      return answer;
    };
    const asked = second.runtime.clock.mono();
    const { clock, now } = await ask(second.engine.clockId);
    expect(clock).toBe(second.engine.clockId);
    expect(now).toBeGreaterThanOrEqual(asked);
    expect(now).toBeLessThanOrEqual(second.runtime.clock.mono());
    for (const other of ['a daemon of before', first.engine.clockId, undefined])
      expect(await ask(other)).toMatchObject({ clock: first.engine.clockId });
    expect(second.engine.elsewhere.status(ORIGIN).map(({ id }) => id)).toContain(behind.id);
  });

  it('waits for a relay that is paused until its lease ends, and not for one that has closed', async () => {
    const [first, second] = await two();
    await world.pass(3_000);
    world.pause(second);
    const told = await everywhere(first);
    await world.until(() => told.ms !== null);
    expect(told.results()).toEqual(['gone']);
    // 3 s, and 2.5 s in which it may still own the source.
    expect(told.ms).toBeGreaterThan(5_000);
    expect(told.ms).toBeLessThan(5_600);
    await world.wake(second, told.ms ?? 0);
    await world.pass(500);
    const closed = second.engine.close();
    await world.pass(500);
    await closed;
    const again = await everywhere(first);
    await world.until(() => again.ms !== null);
    expect(again.ms).toBeLessThan(100);
  });
});
