/**
 * A session reads in two processes, one after the other, each behind the source in its own way. What `read` gives as
 * `upTo`, given as `atLeast` to later reads, keeps it from going back; taking the entry's stamp in its place does not.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Numbers, Reader } from '../../test/support/numbers.ts';
import type { Offset } from '../model/position.ts';
import { settled, virtualRuntime } from '../runtime/virtual.ts';

const KEYS = ['a', 'b'];

const at = fc.nat(1);
const step = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('commit' as const), keys: fc.subarray(KEYS, { minLength: 1 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constantFrom('apply' as const, 'echo' as const, 'prove' as const), at }),
  },
  { weight: 10, arbitrary: fc.record({ kind: fc.constantFrom('step' as const, 'proof' as const), at }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('read' as const), at, key: fc.constantFrom(...KEYS) }) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Token = 'upTo' | 'stamp';

/** The reads that went behind an earlier one whose token they had, and how many had one. */
async function run(steps: readonly Step[], token: Token): Promise<{ readonly back: string[]; readonly held: number }> {
  const source = new Numbers(KEYS);
  const runtime = virtualRuntime();
  const processes = [new Reader(source, runtime), new Reader(source, runtime)];
  const back: string[] = [];
  let held = 0;
  let atLeast: Offset | undefined;
  /** What every later read must not fall behind, by what the token stands for. */
  let floor: Readonly<Record<string, number>> = {};
  let reading = Promise.resolve();
  let busy = false;
  const read = async (reader: Reader, key: string): Promise<void> => {
    const { value, upTo } = await reader.cache.read({
      key,
      factory: reader.load,
      ...(atLeast !== undefined && { atLeast }),
    });
    if (value < (floor[key] ?? 0)) back.push(`${key} ${value} < ${floor[key] ?? 0}`);
    const stamp = reader.store.find(reader.shelf, key)?.stamp;
    const given = token === 'upTo' ? upTo : stamp;
    if (given !== undefined) {
      held++;
      atLeast = Math.max(atLeast ?? 0, given) as Offset;
      const seen = source.history[value] ?? {};
      floor = Object.fromEntries(KEYS.map((one) => [one, Math.max(floor[one] ?? 0, seen[one] ?? 0)]));
    }
    busy = false;
  };
  for (const one of steps) {
    if (one.kind === 'commit') source.commit(one.keys);
    else if (one.kind === 'proof') {
      await runtime.clock.advance(1);
      processes[one.at]!.catchUp();
    } else if (one.kind === 'read') {
      if (!busy) reading = read(processes[one.at]!, one.key);
      busy = true;
    } else processes[one.at]![one.kind]();
    await settled();
  }
  for (const reader of processes) await reader.rest();
  await reading;
  return { back, held };
}

const lives = fc.array(step, { minLength: 20, maxLength: 80, size: 'max' });

describe('a session', () => {
  it('never goes behind what it has read, with `upTo` as its token', async () => {
    let held = 0;
    const property = fc.asyncProperty(lives, async (steps) => {
      const { back, held: some } = await run(steps, 'upTo');
      held += some;
      expect(back).toEqual([]);
    });
    await fc.assert(property, { numRuns: 300 });
    expect(held).toBeGreaterThan(0);
  }, 60_000);

  it('does with the stamp of what it read: a load may have seen more than it is stamped with', async () => {
    const property = fc.asyncProperty(lives, async (steps) => {
      expect((await run(steps, 'stamp')).back).toEqual([]);
    });
    expect((await fc.check(property, { numRuns: 5_000, endOnFailure: true })).failed).toBe(true);
  }, 60_000);
});

describe('upTo', () => {
  it('is told once a proof covers the load, and not before', async () => {
    const source = new Numbers(KEYS);
    const reader = new Reader(source, virtualRuntime());
    const read = async (): Promise<Offset | undefined> =>
      (await reader.cache.read({ key: 'a', factory: () => source.now['a'] ?? -1 })).upTo;
    source.commit(['b']);
    reader.apply();
    expect(await read()).toBeUndefined();
    reader.echo();
    reader.prove();
    expect(await read()).toBeUndefined();
    await reader.runtime.clock.advance(1);
    reader.echo();
    reader.prove();
    expect(await read()).toBe(1);
  });

  it('is not told by a proof that began while the load was under way', async () => {
    const source = new Numbers(KEYS);
    const reader = new Reader(source, virtualRuntime());
    const read = () => reader.cache.read({ key: 'a', factory: reader.load });
    const first = read();
    await settled();
    await reader.runtime.clock.advance(1);
    reader.catchUp();
    source.commit(['a']);
    await reader.runtime.clock.advance(1);
    reader.step();
    await settled();
    reader.step();
    expect((await first).value).toBe(1);
    // It reflects 1, and only 0 has been applied.
    expect((await read()).upTo).toBeUndefined();
  });
});
