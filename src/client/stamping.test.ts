// A cache whose factories say what they have read. What that is in offsets, the test decides; `Trail` is tested by itself.
import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryStore, type Shelf } from '../layers/memory/store.ts';
import type { Mono, Offset, Position } from '../model/position.ts';
import { settled, virtualRuntime, type VirtualRuntime } from '../runtime/virtual.ts';
import { NEVER } from '../trust/proofs.ts';
import { Cache } from './cache.ts';
import type { LoadContext } from './options.ts';
import type { Counts, Policy } from './parts.ts';
import { Stamping, type Places, type Seen } from './stamping.ts';

const at = (offset: number): Offset => offset as Offset;
const replica: Seen = { source: 'db', history: '7:1', replayedTo: '1' as Position };
const snapshot: Seen = { source: 'db', history: '7:1', snapshot: '1:1:' };
const now: Seen = { ...snapshot, fresh: true };

let runtime: VirtualRuntime;
let store: MemoryStore;
let shelf: Shelf;
let counts: Counts;
/** What the load has seen, and as of when that was current. */
let stamp: Offset | null;
let provenAt: Mono;
let refusals: unknown[];

function cache(ungated: readonly string[] = [], policy: Partial<Policy> = {}): Cache<string> {
  const places: Places = {
    ungated: new Set(ungated),
    stampOf: () => stamp,
    hasApplied: () => false,
    asOf: () => provenAt,
  };
  return new Cache<string>({
    store,
    shelf,
    policy: {
      name: 'n',
      ttlMs: 10_000,
      jitter: 0,
      maxStalenessMs: undefined,
      whenUncertain: 'bypass',
      ...policy,
    },
    counts,
    runtime,
    observer: { active: true, tell: (type, fields) => type === 'fill:refused' && refusals.push(fields['reason']) },
    layer: 'local',
    closing: new AbortController().signal,
    places,
    invalidate: () => Promise.resolve(null),
  });
}

const says =
  (...seen: Seen[]) =>
  ({ seen: say }: LoadContext): string => {
    seen.forEach(say);
    return 'value';
  };
const end = (offset: number): void => {
  store.apply([{ action: { kind: 'delete_key', target: 'k' }, at: at(offset) }], at(offset));
};

beforeEach(() => {
  runtime = virtualRuntime();
  store = new MemoryStore();
  shelf = { name: 'n', provenAt: NEVER };
  counts = { hits: 0, misses: 0, uncertain: 0, stored: 0, refused: 0, skipped: 0 };
  stamp = at(9);
  provenAt = NEVER;
  refusals = [];
});

describe('a load that read a replica', () => {
  it('is refused when the replica had not got what ended the key, though that was applied before (anomaly D14)', async () => {
    end(3);
    stamp = at(2);
    expect(await cache().getOrSet({ key: 'k', factory: says(replica) })).toBe('value');
    expect([store.size, refusals]).toEqual([0, ['key-invalidated']]);
    stamp = at(3);
    await cache().getOrSet({ key: 'k', factory: says(replica) });
    expect([store.size, store.find(shelf, 'k')?.stamp]).toEqual([1, 3]);
  });

  it('is as old as the newest proof within what it saw, for readers and for the ttl', async () => {
    await runtime.clock.advance(5_000);
    provenAt = 1_000;
    const read = () => cache([], { maxStalenessMs: 500 }).read({ key: 'k', factory: says(replica) });
    expect(await read()).toMatchObject({
      maxAgeMs: 4_000,
      trust: 'unproven',
      reason: 'loaded for this read, from what is known to be current as of 4000 ms ago (2026-01-01T00:00:01.000Z)',
    });
    expect(store.find(shelf, 'k')).toMatchObject({ loadedAt: 1_000, expiresAt: 11_000 });
    provenAt = 4_900;
    expect(await read()).toMatchObject({ maxAgeMs: 100, trust: 'fresh' });
    // A later proof through the feed covers the entry as any other.
    shelf.provenAt = 6_000;
    await runtime.clock.advance(1_400);
    expect(await read()).toMatchObject({ maxAgeMs: 400, trust: 'fresh', layer: 'local' });
  });

  it('gives no token: a replica may show a commit before the primary does', async () => {
    const numbers = cache([], { provable: true });
    await numbers.getOrSet({ key: 'k', factory: says(replica) });
    shelf.provenAt = 1_000;
    expect((await numbers.read({ key: 'k', factory: says(replica) })).upTo).toBeUndefined();
    await numbers.getOrSet({ key: 'primary', factory: () => 'value' });
    expect((await numbers.read({ key: 'primary', factory: () => 'value' })).upTo).toBe(store.watermark);
  });

  it('is of no known age before anything was proven, and ends with its ttl all the same', async () => {
    const slow = async (context: LoadContext): Promise<string> => {
      context.seen(replica);
      await runtime.clock.sleep(2_000, context.signal);
      return 'value';
    };
    const reading = cache().read({ key: 'k', factory: slow });
    await runtime.clock.advance(2_000);
    expect(await reading).toMatchObject({ maxAgeMs: Infinity, trust: 'ttl' });
    expect((await reading).reason).toContain('of no known age');
    expect(store.find(shelf, 'k')?.expiresAt).toBe(10_000);
  });

  it('is no load to join for a reader that needs it younger, who then loads alone', async () => {
    await runtime.clock.advance(5_000);
    provenAt = 1_000;
    let loads = 0;
    const factory = async (context: LoadContext): Promise<number> => {
      const mine = ++loads;
      context.seen(replica);
      await settled();
      return mine;
    };
    const numbers = cache([], { maxStalenessMs: 500 }) as unknown as Cache<number>;
    const values = await Promise.all([1, 2, 3, 4].map(() => numbers.getOrSet({ key: 'k', factory })));
    expect(new Set(values).size).toBe(4);
  });
});

describe('a load that read with a snapshot', () => {
  it('has seen what its first look saw, whatever it says later (anomaly A10)', async () => {
    end(3);
    const factory = ({ seen }: LoadContext): string => {
      stamp = at(2);
      seen(now);
      stamp = at(9);
      seen(now);
      return 'mixed';
    };
    expect(await cache(['db']).getOrSet({ key: 'k', factory })).toBe('mixed');
    expect([store.size, refusals]).toEqual([0, ['key-invalidated']]);
  });

  it('is never taken to have seen more than the watermark when it began', async () => {
    end(3);
    stamp = at(9);
    await cache(['db']).getOrSet({ key: 'k', factory: says(now) });
    expect(store.find(shelf, 'k')?.stamp).toBe(3);
  });

  it('is as young as its load only if the snapshot is', async () => {
    await runtime.clock.advance(5_000);
    provenAt = 1_000;
    expect(await cache(['db']).read({ key: 'a', factory: says(now) })).toMatchObject({ maxAgeMs: 0, trust: 'fresh' });
    expect(await cache(['db']).read({ key: 'b', factory: says(snapshot) })).toMatchObject({ maxAgeMs: 4_000 });
  });
});

describe('a source without a gate', () => {
  it('has nothing stored of which it is not said what the load has seen', async () => {
    const one = cache(['db', 'other']);
    expect(await one.getOrSet({ key: 'k', factory: says() })).toBe('value');
    expect(await one.getOrSet({ key: 'k', factory: says(now) })).toBe('value');
    expect([store.size, counts.refused, refusals]).toEqual([0, 2, ['no-stamp', 'no-stamp']]);
    await one.getOrSet({ key: 'k', factory: says(now, { ...now, source: 'other' }) });
    expect(store.size).toBe(1);
  });

  it('has nothing stored when it cannot be told what the load has seen, whatever else is said', async () => {
    stamp = null;
    const factory = ({ seen }: LoadContext): string => {
      seen(now);
      stamp = at(9);
      seen(now);
      return 'value';
    };
    const read = await cache(['db']).read({ key: 'k', factory });
    expect([read.value, store.size, refusals]).toEqual(['value', 0, ['no-stamp']]);
  });

  it('has values set by hand stored only with what was read', async () => {
    const one = cache(['db']);
    expect(await one.set({ key: 'k', value: 'v' })).toBe(false);
    expect(await one.set({ key: 'k', value: 'v', stamp: at(0), seen: [now] })).toBe(true);
    expect([counts.stored, counts.refused]).toEqual([1, 1]);
  });

  it('lets readers that came together share a load that is not stored', async () => {
    let loads = 0;
    const factory = async (): Promise<string> => {
      loads++;
      await settled();
      return 'value';
    };
    const one = cache(['db']);
    await Promise.all([1, 2, 3].map(() => one.getOrSet({ key: 'k', factory })));
    expect(loads).toBe(1);
  });
});

it('a load that skips gives its value with what it has seen', () => {
  const places: Places = { ungated: new Set(['db']), stampOf: () => at(2), hasApplied: () => false, asOf: () => 5 };
  const stamping = new Stamping(places, at(9), 70);
  expect([stamping.stamp, stamping.knownAt]).toEqual([null, 70]);
  stamping.see(replica);
  expect([stamping.stamp, stamping.knownAt]).toEqual([2, 5]);
  stamping.see(now);
  expect([stamping.stamp, stamping.knownAt]).toEqual([2, 5]);
});
