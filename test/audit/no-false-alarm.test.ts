/**
 * The auditor against a busy shop in virtual time: writes that race audits, a feed that is late, loads that take their
 * time, evictions, forgotten tombstones, soft expiry, entries that are filled again under an audit. The contracts are
 * complete and the feed is honest, so there is nothing to find; each alarm would be a false one. The same with a feed
 * whose proofs say more than it has read must raise alarms, or the test could not see one.
 */
import { afterEach, expect, it } from 'vitest';
import { BusyShop, SHOP } from '../support/busy-shop.ts';
import type { FeedOptions } from '../support/model-database.ts';
import { ModelWorld } from '../support/model-world.ts';
import type { VirtualRuntime } from '../../src/runtime/virtual.ts';

const SEEDS = Number(process.env['TIDEMARK_AUDIT_SEEDS'] ?? 6);
const FROM = Number(process.env['TIDEMARK_AUDIT_FROM'] ?? 1);

const late =
  (over: FeedOptions = {}) =>
  ({ random }: VirtualRuntime): FeedOptions => ({
    heartbeatMs: 40,
    lagMs: () => (random.next() < 0.05 ? random.next() * 3_000 : random.next() * 200),
    ...over,
  });

let world: ModelWorld;
let shop: BusyShop;

async function open(seed: number, feed = late()): Promise<void> {
  const auditor = { rate: 300, concurrency: 8, share: 1, wait: '10s' };
  world = await ModelWorld.start({ seed, feed, config: { ...SHOP, auditor } });
  shop = new BusyShop(world, { readers: 6 });
}

afterEach(async () => {
  shop.stop();
  await world.close();
});

it.each(Array.from({ length: SEEDS }, (_, i) => FROM + i))(
  'raises no false alarm under load (seed %d)',
  async (seed) => {
    await open(seed);
    await world.advance(60_000);
    const { namespaces, dropped } = world.audit;
    const sum = (pick: (one: (typeof namespaces)[number]) => number): number =>
      namespaces.reduce((all, one) => all + pick(one), 0);
    expect(world.violations.map(({ fields }) => fields)).toEqual([]);
    // What was looked at raced with what ends entries, and much of it was decided all the same.
    const figures = { checked: sum((n) => n.checked), ended: sum((n) => n.ended), undecided: sum((n) => n.undecided) };
    process.stderr.write(`audit, seed ${seed}: ${JSON.stringify({ ...figures, dropped, reads: shop.reads })}\n`);
    expect(figures.checked).toBeGreaterThan(500);
    expect(figures.ended).toBeGreaterThan(200);
    for (const { checked } of namespaces) expect(checked).toBeGreaterThan(50);
  },
  60_000,
);

it('would raise one: with proofs that say more than has been read, lag is taken for a violation', async () => {
  await open(1, late({ boastsMs: 5_000 }));
  await world.advance(60_000);
  expect(world.violations.length).toBeGreaterThan(0);
});
