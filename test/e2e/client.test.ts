// `tidemark/client`: caches of other processes, fed by a daemon over HTTP, or by the journal on NATS. The daemon, its journal and its
// source are real; the line between can be cut and held.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Cache } from '../../src/client/cache.ts';
import { connect, type AtLeast, type Connection } from '../../src/remote/index.ts';
import { Fed, type Way } from '../support/fed.ts';
import { natsSuite } from '../support/nats.ts';
import type { Suite } from '../support/needs.ts';
import { until } from '../support/until.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let fed: Fed;
let near: Connection;
let loads = 0;

const products = (connection = near): Cache<number> => connection.cache<number>('product');
const read = (id: number, atLeast?: AtLeast, connection = near): Promise<number> =>
  products(connection).getOrSet({
    key: `product:${String(id)}`,
    tags: [`product-${String(id)}`],
    factory: () => {
      loads++;
      return fed.version(id);
    },
    ...(atLeast !== undefined && { atLeast }),
  });
const proven = (connection = near): Promise<void> =>
  until('a proof', () => (connection.status().namespaces[0]?.proofAgeMs ?? Infinity) < 1_000);
/** What a change announces has come to the daemon and from there to here. */
const applied = async (change: () => unknown): Promise<void> => {
  const before = fed.tide.head;
  await change();
  await until('the entry', () => fed.tide.head > before && near.status().watermark >= fed.tide.head);
};

const suites: Readonly<Record<Way, Suite>> = { http: describe, nats: await natsSuite() };
for (const way of ['http', 'nats'] as const)
  suites[way](`over ${way}`, () => {
    beforeEach(async () => {
      fed = await Fed.start(way);
      near = await fed.connect();
      loads = 0;
      await proven();
    });
    afterEach(() => fed.close());

    describe('a process that is fed by a daemon', () => {
      it('caches, and lets go of what an event has ended', async () => {
        await applied(() => fed.change(1));
        expect([await read(1), await read(1), loads]).toEqual([1, 1, 1]);
        fed.change(1);
        await until('the end', () => products().peek('product:1') === undefined);
        expect([await read(1), await read(1), loads]).toEqual([2, 2, 2]);
      });

      it('tells what has ended once it has, and no more when it is not asked to', async () => {
        fed.change(1);
        await read(1);
        const told: string[] = [];
        near.onApplied(() => {
          throw new Error('the mistake of a listener');
        });
        const stop = near.onApplied(({ watermark, actions }) => {
          for (const { kind, target } of actions)
            told.push(
              `${kind} ${target} ${String(products().peek('product:1'))} ${String(watermark === near.status().watermark)}`,
            );
        });
        await applied(() => fed.change(1));
        expect(told).toEqual(['delete_key product:1 undefined true', 'purge_tag product-1 undefined true']);
        stop();
        await applied(() => fed.change(1));
        expect(told).toHaveLength(2);
      });

      it('refuses what was loaded before an event that has come meanwhile (anomaly A1)', async () => {
        fed.change(1);
        let release: () => void = () => undefined;
        const held = new Promise<void>((resolve) => (release = resolve));
        const slow = products().getOrSet({
          key: 'product:1',
          factory: async () => {
            const version = fed.version(1);
            await held;
            return version;
          },
        });
        await applied(() => fed.change(1));
        release();
        expect(await slow).toBe(1);
        expect(products().peek('product:1')).toBeUndefined();
      });

      it('knows as of when its values are proven, by its own clock', async () => {
        await read(1);
        await until('a younger proof', async () => {
          const { maxAgeMs, trust } = await products().read({ key: 'product:1', factory: () => 0 });
          return trust === 'fresh' && maxAgeMs < 600 && maxAgeMs > 0;
        });
        expect(products(near).peek('product:1')).toBe(0);
      });

      it('sees its own writes by the token that any process took, and by the offset of what it sent', async () => {
        await read(1);
        fed.change(1);
        const atLeast = await products().position();
        expect(await read(1, atLeast)).toBe(1);
        const { offset } = await near.emit({ type: 'product.updated', data: { id: 1 } });
        expect(await read(1, offset)).toBe(1);
        const sent = performance.now();
        // Only a proof of later tells that the commit is covered: without one, each read of the session loads.
        await until('a proof of later', () => {
          const { proofAgeMs } = near.status().namespaces.find(({ name }) => name === 'product') ?? {};
          return typeof proofAgeMs === 'number' && proofAgeMs < performance.now() - sent;
        });
        const before = loads;
        await read(1, [atLeast, offset]);
        await read(1, [atLeast, offset]);
        expect(loads - before).toBeLessThanOrEqual(1);
      });

      it('ends trust here and in every other process', async () => {
        const other = await fed.connect();
        await read(1);
        await read(1, undefined, other);
        const { offset } = await near.invalidate({ keys: ['product:1'] });
        expect(offset).toBe(fed.tide.head);
        expect(products().peek('product:1')).toBeUndefined();
        await until('the end', () => products(other).peek('product:1') === undefined);
      });

      it('honours a token that another process took', async () => {
        const other = await fed.connect();
        await read(1);
        fed.change(1);
        expect(await read(1, await products(other).position())).toBe(1);
        fed.change(1);
        const { offset } = await other.emit({ type: 'product.updated', data: { id: 1 } });
        expect(await read(1, offset)).toBe(2);
      });

      it('is told what the daemon refuses, in its words', async () => {
        await expect(near.emit({ type: '' })).rejects.toMatchObject({ name: 'DaemonRefusal', status: 400 });
        await expect(near.invalidate({ namespaces: ['nowhere'] })).rejects.toMatchObject({
          code: 'NAMESPACE_UNKNOWN',
          status: 404,
        });
        await expect(near.invalidate({})).rejects.toMatchObject({ name: 'DaemonRefusal', status: 400 });
        await expect(near.cache('page').position(undefined, { source: 'app' })).rejects.toMatchObject({
          code: 'POSITION_UNKNOWN',
        });
      });

      it('joins late, behind a long history, without reading it', async () => {
        for (let id = 0; id < 200; id++) fed.change(id);
        await until('the journal', () => fed.tide.head >= 200);
        const late = await fed.connect();
        expect(late.status().watermark).toBeGreaterThanOrEqual(200);
        fed.change(7);
        expect(await read(7, await products(late).position(), late)).toBe(2);
      });
    });

    describe('a connection', () => {
      it('that is cut is made anew, and goes on where it was', async () => {
        await read(1);
        await applied(() => {
          fed.line.cut();
          fed.change(2);
        });
        await until('the new connection', () => near.status().reconnects > 0);
        expect([products().peek('product:1'), near.status().losses]).toEqual([0, 0]);
        await proven();
      });

      it('that is half open is noticed within a second or so, and what is trusted says its age meanwhile', async () => {
        await read(1);
        const at = performance.now();
        fed.line.hold();
        await until('the silence', () => near.status().state === 'silent');
        const noticedMs = performance.now() - at;
        expect(noticedMs).toBeGreaterThan(500);
        process.stderr.write(`a silent daemon was noticed after ${noticedMs.toFixed(0)} ms\n`);
        fed.change(1, true);
        const { maxAgeMs } = await products().read({ key: 'product:1', factory: () => fed.version(1) });
        expect(maxAgeMs).toBeGreaterThan(500);
        // Beyond `max_staleness` nothing is served that cannot be proven.
        await until('the bound', async () => (await read(1)) === 1);
        fed.line.mend();
        await proven();
      });

      it('in which nothing comes back any more is noticed, and made anew', async () => {
        await read(1);
        fed.line.mute();
        await until('the silence', () => near.status().state === 'silent');
        fed.change(1);
        fed.line.mend();
        await proven();
        await until('the end', () => products().peek('product:1') === undefined);
        expect(near.status().losses).toBe(0);
      });

      it('to a daemon that is away is tried until it is back; what happened meanwhile is caught up with', async () => {
        await applied(() => fed.change(1));
        await read(1);
        await applied(async () => {
          await fed.down();
          fed.change(1);
          await fed.up();
        });
        await proven();
        expect([await read(1), near.status().losses]).toEqual([2, 0]);
      });

      it('to a journal that is another one now ends everything, and goes on', async () => {
        await read(5);
        await products().set({ key: 'other', value: 1 });
        fed.line.hold();
        for (let id = 10; id < 20; id++) fed.change(id);
        await until('the journal', () => fed.tide.head >= 10);
        await fed.forget();
        await fed.up();
        fed.line.mend();
        await until('the loss', () => near.status().losses > 0);
        expect([products().peek('product:5'), products().peek('other')]).toEqual([undefined, undefined]);
        await proven();
        fed.change(5);
        await until('the event', async () => (await read(5)) === 1);
        expect(await read(5, await products().position())).toBe(1);
      });

      it('learns of other namespaces and policies, and trusts nothing from before them', async () => {
        await read(1);
        await fed.down();
        await fed.up({
          namespaces: {
            product: { ttl: 50, sources: ['shop', 'app'] },
            page: { ttl: '10m', sources: ['shop'] },
            fresh: { ttl: '1m' },
          },
        });
        await until('the loss', () => near.status().losses > 0);
        expect(products().peek('product:1')).toBeUndefined();
        await read(1);
        await until('the end of the new ttl', () => products().peek('product:1') === undefined);
        expect(near.cache('fresh').namespace).toBe('fresh');
        expect(() => near.cache('nowhere')).toThrow('nowhere');
      });

      it('to nobody fails in time, and says why', async () => {
        await expect(connect({ url: `${way}://127.0.0.1:9`, timeout: 300 })).rejects.toMatchObject({
          code: 'DAEMON_UNREACHABLE',
        });
        await expect(
          fed.connect({ url: `${fed.url}/elsewhere`, stream: 'elsewhere', timeout: 2_000 }),
        ).rejects.toThrow();
      });

      it('that is closed rejects what is under way, and asks no more', async () => {
        const waiting = products().getOrSet({ key: 'x', factory: () => new Promise<number>(() => undefined) });
        const refused = expect(waiting).rejects.toMatchObject({ code: 'CLOSED' });
        await near.close();
        await refused;
      });
    });

    describe('whatever happens to the line', () => {
      it('nothing is served that is older than its bound, nor older than it says', async () => {
        const others = [near, await fed.connect(), await fed.connect()];
        const changedAt = new Map<number, number[]>();
        for (let id = 0; id < 10; id++) {
          fed.change(id);
          changedAt.set(id, [-Infinity, performance.now()]);
        }
        const violations: string[] = [];
        let checked = 0;
        let hits = 0;
        const end = performance.now() + Number(process.env['TIDEMARK_FED_SECONDS'] ?? 6) * 1_000;
        const reader = async (connection: Connection): Promise<void> => {
          while (performance.now() < end) {
            const id = Math.floor(Math.random() * 10);
            const asked = performance.now();
            const { value, maxAgeMs, layer } = await products(connection).read({
              key: `product:${String(id)}`,
              factory: async () => {
                const version = fed.version(id);
                await new Promise((resolve) => setTimeout(resolve, Math.random() < 0.1 ? 50 : 1));
                return version;
              },
            });
            checked++;
            if (layer !== 'source') hits++;
            // When the value was followed by a newer one; within a millisecond of the two clocks.
            const endedAt = changedAt.get(id)?.[value + 1] ?? Infinity;
            if (endedAt < asked - maxAgeMs - 1)
              violations.push(
                `${String(id)} at ${String(value)}: ended ${(asked - endedAt).toFixed(1)} ms ago, said to be ${maxAgeMs.toFixed(1)} ms old at most`,
              );
            if (layer !== 'source' && maxAgeMs > 2_000 + 20)
              violations.push(`${String(id)} is served at ${maxAgeMs.toFixed(0)} ms`);
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
        };
        const writer = async (): Promise<void> => {
          while (performance.now() < end) {
            const id = Math.floor(Math.random() * 10);
            fed.change(id);
            changedAt.get(id)?.push(performance.now());
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        };
        const trouble = async (): Promise<void> => {
          while (performance.now() < end) {
            await new Promise((resolve) => setTimeout(resolve, 300));
            if (Math.random() < 0.5) fed.line.cut();
            else {
              fed.line.hold();
              await new Promise((resolve) => setTimeout(resolve, 1_500 * Math.random()));
              fed.line.mend();
            }
          }
        };
        await Promise.all([...others.map(reader), ...others.map(reader), writer(), trouble()]);
        process.stderr.write(
          `fed by ${way} over a bad line: ${String(checked)} reads, ${String(hits)} hits, ${String(near.status().reconnects)} reconnects\n`,
        );
        expect(violations).toEqual([]);
        expect(hits).toBeGreaterThan(100);
        expect(near.status().reconnects).toBeGreaterThan(0);
      });
    });
  });
