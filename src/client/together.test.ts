/**
 * Fractured reads: a reader of several keys sees one transaction in some of them and not in the others. Any order of
 * commits, deliveries, proofs and slow loads is tried in virtual time: without `consistent` some of them fracture, with
 * it none does, and once everything comes to rest every read ends.
 */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { Numbers, Reader } from '../../test/support/numbers.ts';
import { settled, virtualRuntime } from '../runtime/virtual.ts';
import type { LoadContext } from './options.ts';

const KEYS = ['a', 'b', 'c'];

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('commit' as const), keys: fc.subarray(KEYS, { minLength: 1 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('apply' as const, 'echo' as const, 'prove' as const) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('step' as const), which: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('read' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(20) }) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Whether each read of a run was of one moment. */
async function run(steps: readonly Step[], consistent: boolean): Promise<boolean[]> {
  const source = new Numbers(KEYS);
  const reader = new Reader(source, virtualRuntime());
  const reads: Promise<boolean>[] = [];
  for (const one of steps) {
    if (one.kind === 'commit') source.commit(one.keys);
    else if (one.kind === 'step') reader.step(one.which);
    else if (one.kind === 'pass') await reader.runtime.clock.advance(one.ms);
    else if (one.kind === 'read') {
      const values = reader.cache.getMany({ keys: KEYS, factory: reader.load, consistent, wait: '1h' });
      reads.push(values.then((each) => source.had(Object.fromEntries(KEYS.map((key, i) => [key, each[i] ?? -1])))));
    } else reader[one.kind]();
    await settled();
  }
  await reader.rest();
  return Promise.all(reads);
}

const runs = (consistent: boolean): fc.IAsyncProperty<[Step[]]> =>
  fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }), async (steps) => {
    expect(await run(steps, consistent)).not.toContain(false);
  });

/** More than in every run of the suite: `TIDEMARK_TOGETHER_RUNS=20000`. */
const RUNS = Number(process.env['TIDEMARK_TOGETHER_RUNS'] ?? 200);

describe('a read of several keys', () => {
  it('with consistent is never fractured, whatever happens in between, and ends once everything rests', async () => {
    await fc.assert(runs(true), { numRuns: RUNS });
  }, 3_600_000);

  it('without it is fractured: else the test above could not see it', async () => {
    expect((await fc.check(runs(false), { numRuns: 2_000, endOnFailure: true })).failed).toBe(true);
  }, 60_000);
});

describe('a consistent read', () => {
  let source: Numbers;
  let reader: Reader;
  const read = (wait = 5_000): Promise<number[]> =>
    reader.cache.getMany({ keys: KEYS, factory: ({ key }) => source.now[key] ?? -1, consistent: true, wait });
  const prove = async (): Promise<void> => {
    await reader.runtime.clock.advance(1);
    reader.echo();
    reader.prove();
    await settled();
  };
  beforeEach(() => {
    source = new Numbers(KEYS);
    reader = new Reader(source, virtualRuntime());
  });

  it('waits for a proof that began after its last load had ended, and then needs no other', async () => {
    let values: number[] | undefined;
    void read().then((each) => (values = each));
    await settled();
    // The same moment: nothing says that the echo was sent after the load.
    reader.echo();
    reader.prove();
    await settled();
    expect(values).toBeUndefined();
    await prove();
    expect(values).toEqual([0, 0, 0]);
    expect(await read(0)).toEqual([0, 0, 0]);
  });

  it('loads again only what an event ended while it waited', async () => {
    let loads = '';
    const values = reader.cache.getMany({
      keys: KEYS,
      consistent: true,
      factory: ({ key }) => {
        loads += key;
        return source.now[key] ?? -1;
      },
    });
    await settled();
    source.commit(['b']);
    reader.apply();
    await settled();
    await prove();
    expect(await values).toEqual([0, 1, 0]);
    expect(loads).toBe('abcb');
  });

  it('is an error when no proof comes in time', async () => {
    const failed = expect(read(500)).rejects.toMatchObject({
      code: 'SNAPSHOT_UNREACHED',
      message: expect.stringContaining('no proof came within 500 ms') as string,
    });
    await settled();
    await reader.runtime.clock.advance(500);
    await failed;
  });

  it('is an error when a key never stays, and gives up after a few loads', async () => {
    let loads = 0;
    const values = reader.cache.getMany({
      keys: KEYS,
      consistent: true,
      factory: (context) => {
        loads++;
        if (context.key === 'b') context.skip();
        return 1;
      },
    });
    await expect(values).rejects.toMatchObject({
      code: 'SNAPSHOT_UNREACHED',
      message: expect.stringContaining('"b" did not stay') as string,
    });
    expect(loads).toBe(2 + 8);
  });

  it('is an error at once in a namespace that nothing proves', async () => {
    reader = new Reader(source, virtualRuntime(), { provable: false });
    await expect(read()).rejects.toMatchObject({ code: 'SNAPSHOT_UNPROVABLE' });
  });

  it('takes no entry that is expired softly, and none beyond its bound', async () => {
    reader = new Reader(source, virtualRuntime(), { maxStalenessMs: 100, whenUncertain: 'revalidate' });
    const first = read();
    await settled();
    await prove();
    await first;
    source.commit(['a']);
    const at = 1 as typeof reader.store.watermark;
    reader.store.apply([{ action: { kind: 'expire_key', target: 'a' }, at }], at);
    const second = read();
    await settled();
    await prove();
    expect(await second).toEqual([1, 0, 0]);
    await reader.runtime.clock.advance(101);
    source.commit(['b']);
    const third = read();
    await settled();
    await reader.runtime.clock.advance(1);
    reader.apply();
    reader.apply();
    await prove();
    expect(await third).toEqual([1, 2, 0]);
  });

  it('ends when the cache closes', async () => {
    const failed = expect(read()).rejects.toMatchObject({ code: 'CLOSED' });
    await settled();
    reader.closing.abort();
    await failed;
  });
});

describe('one factory for many keys', () => {
  let reader: Reader;
  beforeEach(() => {
    reader = new Reader(new Numbers(KEYS), virtualRuntime());
  });

  it('is called once, with the keys that have to be loaded, each once', async () => {
    const calls: string[][] = [];
    const loadMany = (keys: readonly string[]): number[] => {
      calls.push([...keys]);
      return keys.map((key) => key.charCodeAt(0));
    };
    expect(await reader.cache.getMany({ keys: ['b'], loadMany })).toEqual([98]);
    expect(await reader.cache.getMany({ keys: ['c', 'a', 'b', 'c'], loadMany })).toEqual([99, 97, 98, 99]);
    expect(calls).toEqual([['b'], ['c', 'a']]);
  });

  it('has its stamp from before it was called, and tags of its own for each key', async () => {
    const stamps: number[] = [];
    await reader.cache.getMany({
      keys: ['a', 'b'],
      tags: (key) => [`tag-${key}`],
      loadMany: (keys, context) => {
        stamps.push(context.stamp);
        context.setTags('b', ['learned']);
        return keys.map(() => 1);
      },
    });
    const tagsOf = (key: string): string[] => (reader.store.find(reader.shelf, key)?.marks ?? []).map(({ tag }) => tag);
    expect([stamps, tagsOf('a'), tagsOf('b')]).toEqual([[0], ['tag-a'], ['learned']]);
  });

  it('fails the read when it fails, or gives another number of values', async () => {
    const wrong = reader.cache.getMany({ keys: ['a', 'b'], loadMany: () => [1] });
    await expect(wrong).rejects.toMatchObject({ code: 'OPTION_INVALID' });
    const away = reader.cache.getMany({ keys: ['a', 'b'], loadMany: () => Promise.reject(new Error('away')) });
    await expect(away).rejects.toThrow('away');
  });

  it('and one factory for each key give the same', async () => {
    const factory = ({ key }: LoadContext): number => key.charCodeAt(0);
    expect(await reader.cache.getMany({ keys: ['b', 'a'], factory })).toEqual([98, 97]);
  });
});
