/** Rows of the catalogue that only a real change feed can show, and the fill races once more behind one. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { pgServers, type PostgresServer } from '../support/postgres.ts';
import { Postgres, raise } from './postgres.ts';
import { fails, LAYERS } from './anomaly.ts';
import { FENCE, FENCE_AND_MARKS, GATE, STAMP_IS_APPLIED, type Rule } from './switches.ts';
import { STALENESS_MS, update, World, type WorldOptions } from './world.ts';

vi.setConfig({ testTimeout: 90_000 });

const KEY = 'product:1';
const category = (id: number) => ({ tags: [`category-${String(id)}`] });
const CATEGORIES = {
  trigger: ['product.*'],
  actions: [{ delete_key: 'product:{id}' }, { purge_tag: 'category-{category}' }],
};
const NOTED = { trigger: ['product.*'], when: { note: { exists: true } }, actions: [{ delete_key: 'product:{id}' }] };

interface Row extends Omit<WorldOptions, 'layers'> {
  readonly by?: Rule;
}

for (const { version, suite, start } of await pgServers()) {
  suite(`on PostgreSQL ${version}`, () => {
    let server: PostgresServer;
    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server.stop());

    const anomaly = (
      id: string,
      claim: string,
      { by, ...options }: Row,
      body: (world: World<Postgres>) => Promise<void>,
    ): void => {
      for (const [name, layers] of Object.entries(LAYERS)) {
        const run = async (): Promise<void> => {
          const world = await World.open(await Postgres.open(server), { layers, ...options });
          try {
            await world.applied();
            await body(world);
          } finally {
            await world.close();
          }
        };
        test(`${id} ${claim} (${name}, PostgreSQL)`, run);
        if (by) test(`${id} shows without ${by.name} (${name}, PostgreSQL)`, () => fails(by, run));
      }
    };

    anomaly('A1', 'stale set: the late fill is not stored', { by: FENCE }, async (world) => {
      await world.change(1);
      const late = await world.slow(KEY);
      await world.change(1);
      expect((await late.finish()).value).toBe(1);
      expect((await world.read(KEY)).value).toBe(2);
    });

    anomaly(
      'A3',
      'log-head stamp: a load is stamped with what was applied, not with a commit that it cannot see',
      { by: STAMP_IS_APPLIED },
      async (world) => {
        await world.change(1);
        const { show } = await world.origin.commitInvisibly(update(1));
        const late = await world.slow(KEY);
        await show();
        await world.witness([KEY]);
        await world.applied();
        expect((await late.finish()).value).toBe(1);
        expect((await world.read(KEY)).value).toBe(2);
      },
    );

    anomaly(
      'A4',
      'event before visibility: it is applied when readers see the row, and ends what was loaded before',
      { by: GATE },
      async (world) => {
        await world.change(1);
        const { show } = await world.origin.commitInvisibly(update(1));
        // The feed goes on proving meanwhile: the commit's record has come, and the commit has not happened yet.
        for (let proofs = 0; proofs < 3; proofs++) await world.origin.applied(world.tide);
        expect((await world.read(KEY)).value).toBe(1);
        await show();
        await world.witness([KEY]);
        await world.applied();
        expect((await world.read(KEY)).value).toBe(2);
      },
    );

    anomaly(
      'B1',
      'delete before commit: the event comes with the commit and ends what was filled before it',
      {},
      async (world) => {
        await world.change(1);
        const writer = await server.connect();
        await writer.query(`begin; update product set n = 2 where id = 1; ${raise([KEY])}`);
        await (
          await world.cache.delete({ key: KEY })
        ).applied;
        expect((await world.read(KEY)).value).toBe(1);
        await writer.query('commit');
        await world.origin.applied(world.tide);
        expect((await world.read(KEY)).value).toBe(2);
      },
    );

    anomaly('B4', 'truncation: it ends every row of its table', { by: FENCE_AND_MARKS }, async (world) => {
      for (const id of [1, 2]) await world.change(id);
      for (const id of [1, 2]) await world.read(`product:${id}`);
      world.origin.by('truncate product');
      await world.commit({ keys: [KEY, 'product:2'], events: [] });
      await world.applied();
      for (const id of [1, 2]) expect((await world.read(`product:${id}`)).value).toBe(2);
    });

    anomaly('B4', 'rewrite by DDL: it ends every row of its table', { by: FENCE_AND_MARKS }, async (world) => {
      await world.change(1);
      await world.read(KEY);
      world.origin.by('alter table product alter n type bigint using n + 1');
      await world.commit({ keys: [KEY], events: [] });
      await vi.waitFor(
        () => {
          expect(world.tide.status().sources[0]!.gaps).toBeGreaterThan(1);
        },
        { timeout: 30_000 },
      );
      await world.applied();
      expect((await world.read(KEY)).value).toBe(2);
    });

    for (const identity of ['default', 'full']) {
      anomaly(
        'B5',
        `row moves from one group to another: both end, with replica identity ${identity}`,
        { by: FENCE_AND_MARKS, config: { contracts: [CATEGORIES] } },
        async (world) => {
          await server.sql(`alter table product replica identity ${identity}`);
          await world.origin.applied(world.tide);
          world.origin.by('insert into product values (1, 1, 1)');
          await world.commit({ keys: ['list:1'], events: [] });
          await world.applied();
          for (const id of [1, 2]) await world.read(`list:${id}`, category(id));
          world.origin.by('update product set category = 2 where id = 1');
          await world.commit({ keys: ['list:1', 'list:2'], events: [] });
          await world.applied();
          expect((await world.read('list:1', category(1))).value).toBe(2);
          expect((await world.read('list:2', category(2))).value).toBe(1);
        },
      );
    }

    anomaly(
      'B6',
      'unchanged TOAST: a column that the event does not carry counts as a match',
      { config: { contracts: [NOTED] } },
      async (world) => {
        await server.sql('alter table product alter note set storage external');
        world.origin.by(`insert into product values (1, 1, 1, repeat('x', 10000))`);
        await world.commit({ keys: [KEY], events: [] });
        await world.applied();
        await world.read(KEY);
        await world.change(1);
        expect((await world.read(KEY)).value).toBe(2);
      },
    );

    anomaly(
      'B9',
      'aborted transaction: however large, it ends nothing, and what it wrote is not seen',
      {},
      async (world) => {
        await world.change(1);
        await world.read(KEY);
        const { events } = world.tide.status().sources[0]!;
        const writer = await server.connect();
        await writer.query(`begin; insert into product select g from generate_series(10, 20000) g;
          update product set n = 99; ${raise([KEY])}`);
        await world.origin.applied(world.tide);
        expect(await world.read(KEY)).toMatchObject({ value: 1, hit: true });
        await writer.query('rollback');
        await world.applied();
        expect(await world.read(KEY)).toMatchObject({ value: 1, hit: true });
        expect(world.tide.status().sources[0]!.events).toBe(events);
      },
    );

    anomaly(
      'B13',
      'schema drift: a column that a contract reads is renamed, and its class ends with the next change',
      { by: FENCE_AND_MARKS, config: { contracts: [CATEGORIES] } },
      async (world) => {
        world.origin.by('insert into product values (1, 1, 1)');
        await world.commit({ keys: ['list:1'], events: [] });
        await world.applied();
        await server.sql('alter table product rename category to shelf');
        await world.applied();
        await world.read('list:1', category(1));
        world.origin.by('update product set shelf = 2 where id = 1');
        await world.commit({ keys: ['list:1'], events: [] });
        await world.applied();
        expect((await world.read('list:1', category(1))).value).toBe(2);
      },
    );

    anomaly('C4', 'silent subscriber: on a socket that is half open trust ends at the bound', {}, async (world) => {
      await world.change(1);
      await world.read(KEY);
      server.pause();
      try {
        await vi.waitFor(
          () => {
            expect(world.cache.peek(KEY)).toBeUndefined();
          },
          { timeout: 30_000, interval: 10 },
        );
        expect(world.tide.status().sources[0]!.proofAgeMs).toBeGreaterThan(STALENESS_MS);
        expect(world.tide.status().namespaces[0]!.trust).toBe('uncertain');
      } finally {
        server.resume();
      }
      await world.applied();
      expect((await world.read(KEY)).value).toBe(1);
    });

    anomaly(
      'C17',
      'resync at the head over an invisible commit: what was loaded until it is visible does not outlive the resync',
      { by: FENCE_AND_MARKS },
      async (world) => {
        await world.change(1);
        const { show } = await world.origin.commitInvisibly(update(1));
        // The next process begins with a new slot, behind the record of a commit that nobody sees.
        await world.restart(() => world.origin.server.dropSlots());
        expect((await world.read(KEY)).value).toBe(1);
        const late = await world.slow('page:1');
        await show();
        await world.witness([KEY]);
        await world.applied();
        await late.finish();
        expect((await world.read(KEY)).value).toBe(2);
      },
    );

    anomaly(
      'C8',
      'slot lost: what was cached before ends, durably, before anything new counts',
      { by: FENCE_AND_MARKS },
      async (world) => {
        await world.change(1);
        const late = await world.slow('page:1');
        await world.read(KEY);
        const { gaps } = world.tide.status().sources[0]!;
        await world.origin.server.dropSlots();
        // No slot will ever tell of these.
        await world.commit({ keys: [KEY, 'page:1'], events: update(1).events });
        await vi.waitFor(
          () => {
            expect(world.tide.status().sources[0]!.gaps).toBeGreaterThan(gaps);
          },
          { timeout: 60_000, interval: 20 },
        );
        await world.applied();
        await late.finish();
        expect((await world.read(KEY)).value).toBe(2);
        expect((await world.read('page:1')).value).toBe(1);
      },
    );
  });
}
