import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryStore, type Shelf } from '../layers/memory/store.ts';
import type { Action } from '../model/plan.ts';
import type { Offset, Position } from '../model/position.ts';
import { tokenOf, type AtLeast, type SourcePlace, type Token } from '../model/token.ts';
import { settled, virtualRuntime, type VirtualRuntime } from '../runtime/virtual.ts';
import { NEVER } from '../trust/proofs.ts';
import { Cache } from './cache.ts';
import type { LoadContext, ReadOptions } from './options.ts';
import { Progress } from './progress.ts';
import { NO_PLACES, type Places, type Seen } from './stamping.ts';

const at = (offset: number): Offset => offset as Offset;
const pos = (n: number): Position => String(n).padStart(4, '0') as Position;
const token = (n: number, history = 'h', source = 'db'): Token => tokenOf({ source, history, position: pos(n) });

/** A process that has one value cached, at version 1, and is behind its source. */
class World {
  readonly runtime: VirtualRuntime = virtualRuntime();
  readonly store = new MemoryStore();
  readonly shelf: Shelf = { name: 'n', provenAt: NEVER };
  readonly progress = new Progress();
  readonly cache: Cache<string>;
  source = 'v1';
  loads = 0;
  seen: Seen | null = null;
  /** Up to where `db` is applied here, in history `h`. */
  applied = 0;
  contexts: LoadContext[] = [];
  #gates: (() => void)[] | null = null;

  constructor() {
    const places: Places = {
      ...NO_PLACES,
      stampOf: (_, watermark) => watermark,
      hasApplied: ({ source, history, position }: SourcePlace) =>
        source === 'db' && history === 'h' && position <= pos(this.applied),
    };
    this.cache = new Cache<string>({
      store: this.store,
      shelf: this.shelf,
      policy: {
        name: 'n',
        ttlMs: 60_000,
        jitter: 0,
        maxStalenessMs: undefined,
        whenUncertain: 'bypass',
        provable: true,
      },
      counts: { hits: 0, misses: 0, uncertain: 0, stored: 0, refused: 0, skipped: 0 },
      runtime: this.runtime,
      observer: { active: false, tell: () => undefined },
      progress: this.progress,
      layer: 'local',
      closing: new AbortController().signal,
      places,
      invalidate: () => Promise.resolve(undefined),
    });
  }

  read(atLeast?: AtLeast, more: Partial<ReadOptions<string>> = {}): Promise<string> {
    return this.cache.getOrSet({
      key: 'k',
      factory: async (context) => {
        this.loads++;
        this.contexts.push(context);
        const value = this.source;
        if (this.seen) context.seen(this.seen);
        if (this.#gates) await new Promise<void>((open) => this.#gates?.push(open));
        return value;
      },
      ...(atLeast !== undefined && { atLeast }),
      ...more,
    });
  }

  /** From now on loads come back only when `open` is called. */
  shut(): void {
    this.#gates = [];
  }

  open(): void {
    for (const gate of this.#gates ?? []) gate();
    this.#gates = null;
  }

  /** The feed has told up to here, and the event, if there is one, has been applied. */
  catchUp(position: number, deleted = false): void {
    const watermark = at(this.store.watermark + 1);
    const action = { kind: 'delete_key', target: 'k' } as Action;
    this.store.apply(deleted ? [{ action, at: watermark }] : [], watermark);
    this.applied = position;
    this.progress.moved();
  }
}

let world: World;

beforeEach(async () => {
  world = new World();
  await world.read();
  world.loads = 0;
});

describe('a reader with a token', () => {
  it('gets its own write while the feed has not told of it (anomaly D18)', async () => {
    world.source = 'v2';
    expect(await world.read()).toBe('v1');
    expect(await world.read(token(7))).toBe('v2');
  });

  it('is served from the cache once the feed has got as far', async () => {
    world.catchUp(7);
    expect(await world.read(token(7))).toBe('v1');
    expect(await world.read(token(8))).toBe('v1');
    expect(world.loads).toBe(1);
  });

  it('loads when its token is of another history, or of a source that is not known here', async () => {
    world.catchUp(7);
    await world.read(token(3, 'another'));
    await world.read(token(3, 'h', 'elsewhere'));
    expect(world.loads).toBe(2);
  });

  it('needs all of several to be met', async () => {
    world.catchUp(7);
    await world.read([token(3), token(7), at(1)]);
    expect(world.loads).toBe(0);
    await world.read([token(3), token(8)]);
    await world.read([at(2), token(3), at(1)]);
    expect(world.loads).toBe(2);
    await world.read([]);
    expect(world.loads).toBe(2);
  });

  it('loads what an event has expired softly, though all of it is applied', async () => {
    world.catchUp(7);
    world.store.apply([{ action: { kind: 'expire_key', target: 'k' }, at: at(2) }], at(2));
    world.source = 'v2';
    expect(await world.read(token(7))).toBe('v2');
  });

  it('is told when it is none, and nothing is loaded', async () => {
    for (const wrong of ['', 'garbage', '\u001b[31m' + 'x'.repeat(500), -1, 1.5, NaN, null, {}]) {
      const read = world.read(wrong as unknown as AtLeast);
      await expect(read, JSON.stringify(wrong)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    }
    await expect(world.read('garbage' as AtLeast)).rejects.toThrow('garbage');
    await expect(world.read(('\u001b[31m' + 'x'.repeat(500)) as Token)).rejects.toThrow(/^[ -~…]{1,250}$/);
    expect(world.loads).toBe(0);
  });

  it('tells the factory what it has to see', async () => {
    await world.read(token(7));
    await world.read(undefined, { key: 'other' });
    expect(world.contexts.slice(1).map(({ atLeast }) => atLeast)).toEqual([token(7), undefined]);
  });
});

describe('waiting', () => {
  it('gives what is resident as soon as the feed has got as far', async () => {
    const read = world.read(token(7), { wait: 50 });
    await settled();
    world.catchUp(6);
    await settled();
    world.catchUp(7);
    expect(await read).toBe('v1');
    expect(world.loads).toBe(0);
  });

  it('ends when the event of the write ends the value: then it is loaded', async () => {
    world.source = 'v2';
    const read = world.read(token(7), { wait: 50 });
    await settled();
    world.catchUp(7, true);
    expect(await read).toBe('v2');
  });

  it('takes no longer than it may, and then loads', async () => {
    world.source = 'v2';
    const read = world.read(token(7), { wait: '50ms' });
    await world.runtime.clock.advance(49);
    expect(world.loads).toBe(0);
    await world.runtime.clock.advance(1);
    expect(await read).toBe('v2');
  });

  it('is not for what is not there', async () => {
    const read = world.read(token(7), { key: 'other', wait: 50 });
    await settled();
    expect(world.loads).toBe(1);
    await read;
  });
});

describe('a load under way', () => {
  const both = async (first?: AtLeast, second?: AtLeast): Promise<number> => {
    world.catchUp(1, true);
    world.shut();
    const reads = [world.read(first), world.read(second)];
    await settled();
    world.open();
    await Promise.all(reads);
    return world.loads;
  };

  it.each<[string, AtLeast | undefined, AtLeast | undefined, number]>([
    ['that began for nobody is not for a reader with a token', undefined, token(7), 2],
    ['that began for a later token is not for an earlier one', token(8), token(7), 2],
    ['that began for the same token is not for both: more may be visible since', token(7), token(7), 2],
    ['that began for a token is for a reader without one', token(7), undefined, 1],
    ['that began at an offset is for those whose offset that is', undefined, at(1), 1],
    ['that began before an offset is not for it', undefined, at(2), 2],
    ['that began for an offset is for an earlier one', at(3), at(2), 1],
    ['that began for an offset is not for a token besides', at(3), [token(7), at(2)], 2],
  ])('%s', async (_, first, second, loads) => {
    expect(await both(first, second)).toBe(loads);
  });
});

describe('a factory that read a replica', () => {
  const replica = (n: number, history = 'h'): Seen => ({ source: 'db', history, replayedTo: pos(n) });

  it.each<[string, Seen]>([
    ['one that has replayed the write', replica(7)],
    ['one that has replayed more', replica(8)],
    ['a snapshot taken now', { source: 'db', history: 'h', snapshot: '5:5:', fresh: true }],
    ['another source', { ...replica(0), source: 'other' }],
  ])('may give it to a reader with a token: %s', async (_, seen) => {
    world.source = 'v2';
    world.seen = seen;
    expect(await world.read(token(7))).toBe('v2');
  });

  it.each<[string, Seen, RegExp]>([
    ['a replica that has not got the write', replica(6), /"db" at 0006/],
    ['a replica of another history', replica(9, 'g'), /"db" at 0009/],
    ['a snapshot from before', { source: 'db', history: 'h', snapshot: '5:5:' }, /in a snapshot from before/],
  ])('is not served to a reader with a token: %s', async (_, seen, message) => {
    world.seen = seen;
    await expect(world.read(token(7))).rejects.toMatchObject({ code: 'POSITION_UNREACHED' });
    await expect(world.read(token(7))).rejects.toThrow(message);
    expect(await world.read(undefined, { key: 'other' })).toBe('v1');
  });

  it('is held against an offset by the stamp that came of it', async () => {
    world.catchUp(1);
    world.seen = replica(0);
    world.source = 'v2';
    expect(await world.read(at(1), { key: 'other' })).toBe('v2');
    await expect(world.read(at(2))).rejects.toMatchObject({ code: 'POSITION_UNREACHED' });
  });
});

describe('many keys', () => {
  const many = (consistent: boolean, atLeast: AtLeast): Promise<string[]> =>
    world.cache.getMany({ keys: ['k'], factory: () => world.source, atLeast, consistent, wait: 100 });

  it('reflect the token each', async () => {
    world.source = 'v2';
    const read = many(false, token(7));
    await world.runtime.clock.advance(100);
    expect(await read).toEqual(['v2']);
  });

  it('are read together at a moment behind the token', async () => {
    await world.runtime.clock.advance(1);
    world.shelf.provenAt = world.runtime.clock.mono();
    world.source = 'v2';
    const read = many(true, token(7));
    await settled();
    world.catchUp(7, true);
    await settled();
    await world.runtime.clock.advance(1);
    world.shelf.provenAt = world.runtime.clock.mono();
    world.catchUp(7);
    expect(await read).toEqual(['v2']);
  });

  it('are not given together when the token is not reached in time', async () => {
    await world.runtime.clock.advance(1);
    world.shelf.provenAt = world.runtime.clock.mono();
    const read = many(true, token(7));
    const refused = expect(read).rejects.toMatchObject({ code: 'SNAPSHOT_UNREACHED' });
    await world.runtime.clock.advance(100);
    await refused;
  });
});

describe('a position', () => {
  it('cannot be told by a cache without a source that can', async () => {
    await expect(world.cache.position()).rejects.toMatchObject({ code: 'POSITION_UNKNOWN' });
  });
});
