/**
 * A feed that leaves out one event in a million and says nothing: all its proofs go on. No event tells of what it left
 * out, so only drawing at random can find it. In virtual time, over the whole pipeline; the line that is printed says how
 * long it took. The seed given here is one whose first omission comes early, so that the test is quick; what it takes
 * with other seeds stands in docs/auditor.md (TIDEMARK_OMISSION_SEED runs one).
 */
import { expect, it } from 'vitest';
import { SeededRandom } from '../../src/runtime/virtual.ts';
import { ModelWorld } from '../support/model-world.ts';

const SEED = Number(process.env['TIDEMARK_OMISSION_SEED'] ?? 17);
const ONE_IN = 1_000_000;
const KEYS = 20_000;
/** Changes a second, in transactions of ten rows. */
const CHANGES = 1_000;
/** Looks a second: as many as changes, so that a key that changes every 20 s is looked at before that, every second time. */
const LOOKS = 1_000;
const STEP_MS = 100;

it('finds what a feed left out that omits one event in a million', { timeout: 900_000 }, async () => {
  const chance = new SeededRandom(SEED);
  const omitted: string[] = [];
  let announced = 0;
  const world = await ModelWorld.start({
    seed: SEED,
    config: {
      journal: { type: 'memory', max_entries: 50_000 },
      namespaces: { item: { ttl: '7d', max_staleness: '2s' } },
      contracts: [{ name: 'item', trigger: 'item.*', actions: [{ delete_key: 'item:{id}' }] }],
      auditor: { rate: LOOKS, concurrency: 64, share: 1, events: false },
    },
    feed: () => ({
      heartbeatMs: STEP_MS,
      omits: ({ data }) => {
        announced++;
        if (chance.next() >= 1 / ONE_IN) return false;
        omitted.push(`item:${String((data as { readonly id: number }).id)} at ${world.runtime.clock.mono()}`);
        return true;
      },
    }),
  });
  const { database } = world;
  const items = world.cache('item');
  const read = (id: number): Promise<unknown> =>
    items.getOrSet({ key: `item:${id}`, factory: () => database.get('item', id) });

  database.transact((tx) => {
    for (let id = 0; id < KEYS; id++) tx.insert('item', { id, v: 0 });
  });
  await world.advance(1_000);
  announced = omitted.length = 0;
  for (let id = 0; id < KEYS; id++) await read(id);

  const began = world.runtime.clock.mono();
  let changed: number[] = [];
  for (let v = 1; world.violations.length === 0; v++) {
    const ids = Array.from({ length: (CHANGES * STEP_MS) / 1_000 }, () => world.below(KEYS));
    for (let i = 0; i < ids.length; i += 10)
      database.transact((tx) => {
        for (const id of ids.slice(i, i + 10)) tx.update('item', id, { v });
      });
    await world.advance(STEP_MS);
    // What was ended is read again, soon.
    await Promise.all(changed.map(read));
    changed = ids;
  }
  const { key, scale, why } = world.violations[0]!.fields;
  const { checked, ended, words } = world.audit.namespaces[0]!;
  const after = Math.round((world.runtime.clock.mono() - began) / 1_000);
  process.stderr.write(
    `omission, seed ${SEED}: ${String(key)} found after ${after} s of virtual time and ${announced} events; ` +
      `omitted by then: ${omitted.join(', ')}; ${checked} checked, ${ended} ended; ${words}\n`,
  );
  expect(omitted.map((one) => one.split(' ')[0])).toContain(key);
  expect(scale).toBe('sampled');
  expect(why).toContain('and none named it');
  await world.close();
});
