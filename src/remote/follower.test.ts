import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { placesOf } from '../client/places.ts';
import type { Shelf } from '../layers/memory/store.ts';
import type { FedEntry, FedSource, FeedFrame, FeedHello } from '../model/feed.ts';
import type { Action } from '../model/plan.ts';
import type { Offset, Position } from '../model/position.ts';
import { NEVER } from '../trust/proofs.ts';
import { Follower } from './follower.ts';

const at = (offset: number): Offset => offset as Offset;
const SHOP: FedSource = { name: 'shop', canProve: true, isRead: true, ungated: false, epoch: null };

function hello(over: Partial<FeedHello> = {}): FeedFrame & { kind: 'hello' } {
  return {
    kind: 'hello',
    version: 1,
    epoch: 'j1',
    clock: 'c1',
    after: at(10),
    reset: false,
    head: at(10),
    sources: [SHOP],
    namespaces: [{ name: 'product', ttlMs: 60_000, jitter: 0, maxStalenessMs: 1_000, whenUncertain: 'bypass' }],
    ...over,
  };
}
function entry(offset: number, target = '', over: Partial<FedEntry> = {}): FedEntry {
  const actions: Action[] = target === '' ? [] : [{ kind: 'delete_key', target }];
  return { offset: at(offset), source: 'shop', epoch: 'e', position: null, commit: true, type: 't', actions, ...over };
}
const page = (entries: readonly FedEntry[], head = entries.at(-1)?.offset ?? 10): FeedFrame => ({
  kind: 'page',
  entries,
  proofs: [],
  head: at(head),
});

let follower: Follower;
let product: Shelf;
const fill = (key: string, stamp = follower.store.watermark): boolean =>
  follower.store.fill(product, key, { value: 1, tags: [], stamp, loadedAt: 0, ttlMs: 1e9 }, 0).stored;
const has = (key: string): boolean => follower.store.find(product, key) !== null;

beforeEach(() => {
  follower = new Follower(hello());
  product = follower.namespaces.all.get('product')!.shelf;
});

describe('a follower', () => {
  it('begins where the daemon says, and applies what comes behind it', () => {
    expect(follower.store.watermark).toBe(10);
    expect([fill('a'), fill('b', at(9))]).toEqual([true, false]);
    follower.take(page([entry(11), entry(12, 'a')], 20), 0);
    expect([has('a'), follower.store.watermark, follower.behind]).toEqual([false, 12, 8]);
    expect(follower.from).toEqual({ epoch: 'j1', after: 12 });
  });

  it('leaves out what it has had, and refuses what does not follow', () => {
    follower.take(page([entry(11)]), 0);
    follower.take(page([entry(11), entry(12)]), 0);
    expect(follower.store.watermark).toBe(12);
    expect(() => {
      follower.take(page([entry(14)]), 0);
    }).toThrow('entry 14');
    expect(follower.from.after).toBe(12);
  });

  it('stands before a transaction that is open', () => {
    follower.take(page([entry(11, 'a', { commit: false }), entry(12, '', { source: 'app' })]), 0);
    expect(follower.store.watermark).toBe(10);
    follower.take(page([entry(13)]), 0);
    expect(follower.store.watermark).toBe(13);
  });

  it('does not wait for one of a source that nobody reads', () => {
    follower.take(page([entry(11, 'a', { source: 'gone', commit: false })]), 0);
    expect(follower.store.watermark).toBe(11);
  });

  it('does what is meant for its layer, and leaves the rest to others', () => {
    fill('a');
    fill('b');
    const actions: Action[] = [
      { kind: 'delete_key', target: 'a', layers: ['edge'] },
      { kind: 'delete_key', target: 'b', layers: ['local'] },
      { kind: 'purge_url', target: '/' },
    ];
    follower.take(page([entry(11, '', { actions })]), 0);
    expect([has('a'), has('b')]).toEqual([true, false]);
  });

  it('ends everything when entries are gone, and what is being loaded with it', () => {
    fill('a');
    follower.take({ kind: 'gap', upTo: at(50) }, 0);
    expect([has('a'), fill('b', at(49)), fill('b'), follower.losses]).toEqual([false, false, true, 1]);
    follower.take(page([entry(51, 'b')]), 0);
    expect(has('b')).toBe(false);
  });

  it('stays before an open transaction also when entries behind it are gone', () => {
    follower.take(page([entry(11, 'a', { commit: false })]), 0);
    follower.take({ kind: 'gap', upTo: at(50) }, 0);
    expect([follower.store.watermark, fill('a')]).toEqual([10, false]);
    follower.take(page([entry(51)]), 0);
    expect([follower.store.watermark, fill('a')]).toEqual([51, true]);
  });

  it('goes on over a new connection as if nothing had been', () => {
    fill('a');
    follower.take(page([entry(11)]), 0);
    follower.take(hello({ after: at(11), head: at(13), clock: 'c2' }), 0);
    expect([has('a'), follower.losses, follower.behind]).toEqual([true, 0, 2]);
    follower.take(page([entry(12, 'a')]), 0);
    expect(has('a')).toBe(false);
  });

  it.each([
    ['another journal', { epoch: 'j2', after: at(3), head: at(3) }],
    ['a journal that has lost what was read of it', { reset: true, after: at(3), head: at(3) }],
  ])('begins anew with %s, with offsets that only rise', (_, over) => {
    fill('a');
    const stamp = follower.store.watermark;
    follower.take(hello(over), 0);
    expect([has('a'), fill('a', stamp), fill('a'), follower.losses]).toEqual([false, false, true, 1]);
    expect(follower.from.after).toBe(3);
    follower.take(page([entry(4, 'a')]), 0);
    expect([has('a'), follower.from.after, follower.store.watermark - follower.shift]).toEqual([false, 4, 4]);
  });

  it('begins anew when sources or namespaces are others, and policies change where they are held', () => {
    const policy = follower.policies.get('product');
    fill('a');
    const namespaces = [{ name: 'product', ttlMs: 5, jitter: 0, whenUncertain: 'serve' as const }];
    follower.take(hello({ namespaces, sources: [SHOP, { ...SHOP, name: 'stock' }] }), 0);
    expect([has('a'), policy?.ttlMs, policy?.whenUncertain]).toEqual([false, 5, 'serve']);
    expect(follower.policies.get('product')).toBe(policy);
    expect(follower.namespaces.all.get('product')).toMatchObject({ shelf: product, provers: ['shop', 'stock'] });
    expect([fill('a', at(10)), fill('a')]).toEqual([false, true]);
  });

  it('is not made anew by a source that has come into another epoch: its entries tell', () => {
    fill('a');
    follower.take(hello({ sources: [{ ...SHOP, epoch: 'e2' }] }), 0);
    expect([has('a'), follower.losses]).toEqual([true, 0]);
  });

  it('refuses a daemon that speaks another version, first and later', () => {
    expect(() => new Follower(hello({ version: 2 }))).toThrow('the daemon speaks 2, this is 1');
    expect(() => {
      follower.take(hello({ version: 0 }), 0);
    }).toThrow('the daemon speaks 0');
  });

  it('counts a proof from the question that was answered before it, once what it covers is applied', () => {
    const prove = (t0: number, offset: number): void => {
      const proof = { source: 'shop', at: at(offset), t0, upTo: { epoch: 'e', position: '7' as Position } };
      follower.take({ kind: 'page', entries: [], proofs: [proof], head: at(11) }, 500);
    };
    prove(1_000, 10);
    expect(product.provenAt).toBe(NEVER);
    follower.pings.add('c1', 400, 990);
    prove(1_000, 10);
    expect(product.provenAt).toBe(400);
    follower.pings.add('c1', 450, 1_100);
    prove(1_200, 11);
    expect(product.provenAt).toBe(400);
    follower.take(page([entry(11)]), 600);
    expect(product.provenAt).toBe(450);
    expect(follower.trail.hasApplied({ source: 'shop', history: 'e', position: '7' as Position })).toBe(true);
  });

  it('knows the history that the journal is in, and nothing of what was before', () => {
    follower = new Follower(hello({ sources: [{ ...SHOP, epoch: '7:1:x' }] }));
    const before = (position: string) => follower.trail.stampBefore('shop', '7:1', position as Position, at(10));
    expect([follower.trail.follows('shop', '7:1'), before('9'), follower.trail.epochOf('shop')]).toEqual([
      true,
      null,
      '7:1:x',
    ]);
    follower.take(page([entry(11, '', { epoch: '7:1:x', position: '8' as Position })]), 0);
    // What other sources had announced before, only an echo tells of.
    expect(before('9')).toBeNull();
    follower.pings.add('c1', 5, 100);
    const proof = { source: 'shop', at: at(11), t0: 100, upTo: { epoch: '7:1:x', position: '9' as Position } };
    follower.take({ kind: 'page', entries: [], proofs: [proof], head: at(11) }, 9);
    expect([before('7'), before('9')]).toEqual([null, 10]);
  });
});

it('a source without a gate keeps what it feeds from being stored without a word of the load, and nothing else', () => {
  const policy = { ttlMs: 1_000, jitter: 0, whenUncertain: 'bypass' as const };
  const namespaces = [
    { ...policy, name: 'product', sources: ['shop'] },
    { ...policy, name: 'all' },
  ];
  follower = new Follower(hello({ sources: [SHOP, { ...SHOP, name: 'db', ungated: true }], namespaces }));
  const ungated = (namespace: string): string[] => [...placesOf(follower, namespace).ungated];
  expect([ungated('product'), ungated('all')]).toEqual([[], ['db']]);
  follower.take(hello(), 0);
  expect(ungated('all')).toEqual([]);
});

describe('whatever happens to the line and to the daemon', () => {
  const KEYS = ['a', 'b'];
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('commit' as const),
        key: fc.constantFrom(...KEYS),
        silent: fc.constant(false),
      }),
    },
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('deliver' as const), count: fc.nat(4) }) },
    {
      weight: 8,
      arbitrary: fc.record({ kind: fc.constantFrom('load' as const, 'fill' as const), key: fc.constantFrom(...KEYS) }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('reconnect' as const, 'trim' as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('replace' as const), key: fc.constant('a'), keep: fc.nat(6) }),
    },
  );

  it('nothing that may have missed its end is found', () => {
    let found = 0;
    const life = (steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[]): void => {
      const truth: Record<string, number> = { a: 0, b: 0 };
      /** Of each key, what everything that is found must reflect. */
      const least: Record<string, number> = { a: 0, b: 0 };
      let journal: { readonly key: string; readonly version: number }[] = [];
      let [epoch, first] = [1, 1];
      const says = (after: number, reset: boolean): FeedFrame & { kind: 'hello' } =>
        hello({ epoch: `j${String(epoch)}`, after: at(after), head: at(journal.length), reset });
      const one = new Follower(says(0, false));
      const { shelf } = one.namespaces.all.get('product')!;
      const loads = new Map<string, { readonly value: number; readonly stamp: Offset }>();
      const connect = (): void => {
        const { from } = one;
        const goesOn = from.epoch === `j${String(epoch)}` && from.after <= journal.length;
        one.take(says(goesOn ? from.after : journal.length, !goesOn), 0);
        if (!goesOn) Object.assign(least, truth);
      };
      const deliver = (count: number): void => {
        if (one.from.epoch !== `j${String(epoch)}`) return;
        let from: number = one.from.after;
        if (from + 1 < first) {
          for (const { key, version } of journal.slice(from, first - 1))
            least[key] = Math.max(least[key] ?? 0, version);
          one.take({ kind: 'gap', upTo: at((from = first - 1)) }, 0);
        }
        const due = journal.slice(from, from + count);
        one.take(
          page(
            due.map(({ key }, i) => entry(from + i + 1, key)),
            journal.length,
          ),
          0,
        );
        for (const { key, version } of due) least[key] = Math.max(least[key] ?? 0, version);
      };
      for (const move of steps) {
        if (move.kind === 'commit') {
          const version = ++truth[move.key]!;
          journal.push({ key: move.key, version });
        } else if (move.kind === 'deliver') deliver(move.count);
        else if (move.kind === 'load') loads.set(move.key, { value: truth[move.key]!, stamp: one.store.watermark });
        else if (move.kind === 'fill') {
          const load = loads.get(move.key);
          if (load) one.store.fill(shelf, move.key, { ...load, tags: [], loadedAt: 0, ttlMs: 1e9 }, 0);
        } else if (move.kind === 'reconnect') connect();
        else if (move.kind === 'trim') first = journal.length + 1;
        else if (move.kind === 'replace') {
          // Restored to an earlier state, or lost: what it had told of is not in it any more.
          journal = journal.slice(0, move.keep);
          [epoch, first] = [epoch + 1, Math.min(first, journal.length + 1)];
          connect();
        }
        for (const key of KEYS) {
          const held = one.store.find(shelf, key);
          if (!held) continue;
          found++;
          expect(held.value, `${key} at ${String(held.stamp)}`).toBeGreaterThanOrEqual(least[key]!);
        }
      }
    };
    fc.assert(fc.property(fc.array(step, { minLength: 20, maxLength: 120, size: 'max' }), life), { numRuns: 500 });
    expect(found).toBeGreaterThan(1_000);
  });
});
