/**
 * Differential: after any stream of events the cache equals one that is filled from the final database. Histories of
 * transactions (inserts, updates of one row and of many, deletes, truncations, moves between tags, rollbacks) and of
 * reads whose loads are slow, over the whole pipeline and a model database, in virtual time. At the end, when a proof
 * covers all of it, each resident entry must be what a load gives now. The same without the fence, with a contract that
 * lacks a line, and with a feed that leaves events out must fail, or the property says nothing.
 */
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Fence } from '../../src/trust/fence.ts';
import { CONTRACTS, histories, KEYS, runOnModel, type Step } from '../support/history.ts';
import type { FeedOptions } from '../support/model-database.ts';
import { ModelWorld } from '../support/model-world.ts';

const RUNS = Number(process.env['TIDEMARK_DIFFERENTIAL_RUNS'] ?? 300);
const SEED = Number(process.env['TIDEMARK_DIFFERENTIAL_SEED'] ?? Date.now() % 1_000_000);

interface Broken {
  readonly contracts?: readonly unknown[];
  readonly feed?: FeedOptions;
}

let compared = 0;

/** Entries that are not what a load gives at the end. */
async function wrongAtEnd(history: readonly Step[], seed: number, broken: Broken = {}): Promise<string[]> {
  const { contracts = CONTRACTS, feed = {} } = broken;
  const policy = { ttl: '1h', max_staleness: '10s' };
  const world = await ModelWorld.start({
    seed,
    config: {
      layers: { local: { type: 'memory', max_entries: 6, max_tombstones: 2 } },
      namespaces: { product: policy, list: policy },
      contracts,
    },
    feed: ({ random }) => ({ heartbeatMs: 20, lagMs: () => random.next() * 60, ...feed }),
  });
  const { database } = world;
  const truth = (key: string): unknown => {
    const [what, n = ''] = key.split(':');
    if (what === 'product') return database.get('product', Number(n));
    return database.rows('product').filter((row) => row['category'] === Number(n));
  };
  const caches = { product: world.cache('product'), list: world.cache('list') };
  for (const step of history) {
    if (step.step === 'wait') await world.advance(step.ms);
    else if (step.step === 'transaction') runOnModel(database, step.statements, step.commit);
    else {
      const { key, beforeMs, afterMs } = step;
      const [what, n = ''] = key.split(':');
      const factory = async (): Promise<unknown> => {
        await world.pause(beforeMs);
        const value = truth(key);
        await world.pause(afterMs);
        return value;
      };
      void caches[what as 'product' | 'list'].getOrSet({
        key,
        tags: what === 'list' ? [`category-${n}`] : [],
        factory,
      });
    }
  }
  // Every load has ended, every event is applied, and a proof has come after all of it.
  await world.advance(1_000);
  const { store } = world.engine.memory;
  const wrong: string[] = [];
  for (const key of KEYS) {
    for (const entry of store.held(key)) {
      compared++;
      const [is, was] = [JSON.stringify(truth(key)), JSON.stringify(entry.value)];
      if (is !== was) wrong.push(`${key} is ${is}, cached as ${was}`);
    }
  }
  await world.close();
  return wrong;
}

const property = (broken: Broken = {}): fc.IAsyncProperty<[readonly Step[], number]> =>
  fc.asyncProperty(histories(40), fc.nat(), async (history, seed) => {
    expect(await wrongAtEnd(history, seed, broken)).toEqual([]);
  });

afterEach(() => {
  vi.restoreAllMocks();
});

describe('after any stream of events', () => {
  it('the cache equals one that is filled from the final database', { timeout: 300_000 }, async () => {
    compared = 0;
    await fc.assert(property(), { numRuns: RUNS, seed: SEED });
    process.stderr.write(`differential on the model, seed ${SEED}: ${RUNS} histories, ${compared} entries compared\n`);
    expect(compared).toBeGreaterThan(RUNS);
  });

  const failure = async (broken: Broken): Promise<string> => {
    // Shrinking is for people; that it fails is all that is asked here.
    const { failed, counterexample } = await fc.check(property(broken), {
      numRuns: 2_000,
      seed: 1,
      endOnFailure: true,
    });
    return failed ? `found in a history of ${String(counterexample?.[0].length)} steps` : 'not found';
  };

  it.each<[string, () => Broken]>([
    [
      'without the fence',
      () => {
        vi.spyOn(Fence.prototype, 'refuses').mockReturnValue(null);
        return {};
      },
    ],
    ['with a contract that lacks a line', () => ({ contracts: CONTRACTS.slice(0, 1) })],
    ['with a feed that leaves out every tenth event', () => ({ feed: { omits: everyTenth() } })],
  ])('it would not be: %s entries are found that differ', { timeout: 300_000 }, async (_, breakIt) => {
    expect(await failure(breakIt())).toMatch(/^found/);
  });
});

function everyTenth(): () => boolean {
  let n = 0;
  return () => ++n % 10 === 0;
}
