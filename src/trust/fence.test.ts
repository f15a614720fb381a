import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { Offset } from '../model/position.ts';
import { Fence, type TagMark } from './fence.ts';

const at = (offset: number): Offset => offset as Offset;

describe('the fence', () => {
  it('admits a load when nothing was invalidated', () => {
    expect(new Fence().refuses(at(0), 'product', 'product:1', ['a'])).toBeNull();
  });

  it('refuses a load that began before its key was invalidated, and admits one that began at it', () => {
    const fence = new Fence();
    fence.invalidateKey('product:1', at(5), false);
    expect(fence.refuses(at(4), 'product', 'product:1', [])).toEqual({ reason: 'key-invalidated', at: 5 });
    expect(fence.refuses(at(5), 'product', 'product:1', [])).toBeNull();
    expect(fence.refuses(at(4), 'product', 'product:2', [])).toBeNull();
  });

  it('refuses a load that began before one of its tags was purged, hard or soft', () => {
    const fence = new Fence();
    fence.invalidateTag('red', at(5), false);
    fence.invalidateTag('blue', at(6), true);
    expect(fence.refuses(at(4), 'product', 'k', ['green', 'red'])).toEqual({ reason: 'tag-invalidated', at: 5 });
    expect(fence.refuses(at(5), 'product', 'k', ['blue'])).toEqual({ reason: 'tag-invalidated', at: 6 });
    expect(fence.refuses(at(6), 'product', 'k', ['red', 'blue'])).toBeNull();
  });

  it('refuses a load that began before its namespace, or everything, was purged', () => {
    const fence = new Fence();
    fence.invalidateNamespace('product', at(5));
    expect(fence.refuses(at(4), 'product', 'k', [])?.reason).toBe('namespace-purged');
    expect(fence.refuses(at(4), 'order', 'k', [])).toBeNull();
    fence.invalidateEverything(at(7));
    expect(fence.refuses(at(6), 'order', 'k', [])).toEqual({ reason: 'namespace-purged', at: 7 });
  });

  it('limits a narrowed invalidation to its namespace', () => {
    const fence = new Fence();
    fence.invalidateKey('k', at(5), false, 'product');
    fence.invalidateTag('red', at(6), false, 'product');
    fence.invalidateTag('blue', at(6), true, 'product');
    expect(fence.refuses(at(4), 'product', 'k', [])?.at).toBe(5);
    expect(fence.refuses(at(4), 'order', 'k', ['red', 'blue'])).toBeNull();
    expect(fence.refuses(at(5), 'product', 'other', ['red'])?.at).toBe(6);
    expect(fence.refuses(at(5), 'product', 'other', ['blue'])?.at).toBe(6);
  });

  it('never goes back: an older invalidation that comes late changes nothing', () => {
    const fence = new Fence();
    fence.invalidateKey('k', at(5), false);
    fence.invalidateKey('k', at(3), false);
    fence.invalidateKey('k', at(5), false, 'product');
    fence.invalidateKey('k', at(3), false, 'product');
    fence.invalidateTag('red', at(5), false);
    fence.invalidateTag('red', at(3), false);
    fence.invalidateTag('blue', at(5), false, 'product');
    fence.invalidateTag('blue', at(3), true, 'product');
    fence.invalidateNamespace('product', at(2));
    fence.invalidateNamespace('product', at(1));
    expect(fence.refuses(at(4), 'order', 'k', [])?.at).toBe(5);
    expect(fence.refuses(at(4), 'order', 'x', ['red'])?.at).toBe(5);
    expect(fence.refuses(at(4), 'product', 'x', ['blue'])?.at).toBe(5);
    expect(fence.refuses(at(1), 'product', 'x', [])?.at).toBe(2);
  });

  it('raises the floor when it forgets a tombstone, so forgetting refuses more and never less', () => {
    const fence = new Fence({ tombstonesMax: 2 });
    for (const [key, offset] of [
      ['a', 1],
      ['b', 2],
      ['a', 3],
      ['c', 4],
    ] as const)
      fence.invalidateKey(key, at(offset), false);
    expect(fence.floor).toBe(2);
    expect(fence.refuses(at(1), 'product', 'z', [])).toEqual({ reason: 'below-floor', at: 2 });
    expect(fence.refuses(at(2), 'product', 'a', [])?.reason).toBe('key-invalidated');
  });

  it('bounds narrowed tombstones and tags without entries in the same way', () => {
    const fence = new Fence({ tombstonesMax: 1 });
    fence.invalidateKey('a', at(1), false, 'product');
    fence.invalidateKey('b', at(2), false, 'product');
    expect(fence.floor).toBe(1);
    expect(fence.tombstones).toBe(1);
    fence.invalidateTag('red', at(3), false, 'product');
    fence.invalidateTag('blue', at(4), true);
    expect(fence.floor).toBe(3);
    expect(fence.refuses(at(2), 'any', 'any', [])?.reason).toBe('below-floor');
  });

  it('keeps the mark of a tag as long as an entry carries it, whatever else it forgets', () => {
    const fence = new Fence({ tombstonesMax: 1 });
    const marks = fence.retain(['red']);
    fence.invalidateTag('red', at(1), false);
    for (let i = 2; i < 10; i++) fence.invalidateTag(`t${i}`, at(i), false);
    expect(fence.holds(at(0), 'product', marks)).toBe(false);
    expect(fence.holds(at(1), 'product', marks)).toBe(true);
  });

  it.each([undefined, 'product'])('forgets the oldest first, also when one came twice (namespace: %s)', (namespace) => {
    const fence = new Fence({ tombstonesMax: 2 });
    fence.invalidateKey('a', at(5), false, namespace);
    fence.invalidateKey('b', at(6), false, namespace);
    fence.invalidateKey('a', at(5), false, namespace);
    expect(fence.tombstones).toBe(2);
    fence.invalidateKey('c', at(7), false, namespace);
    expect(fence.floor).toBe(5);
    expect(fence.tombstones).toBe(2);
  });

  it('forgets nothing before its bound is passed', () => {
    const fence = new Fence({ tombstonesMax: 1 });
    fence.invalidateKey('a', at(1), false);
    fence.invalidateKey('a', at(2), false, 'product');
    fence.invalidateTag('red', at(3), false);
    fence.invalidateKey('a', at(4), false, 'product');
    expect(fence.floor).toBe(0);
    expect(fence.tombstones).toBe(3);
  });

  it('purges what is resident by its tag also after it has forgotten many others', () => {
    const fence = new Fence({ tombstonesMax: 1 });
    const marks = fence.retain(['red']);
    fence.invalidateTag('red', at(1), false);
    for (let i = 2; i < 10; i++) fence.invalidateTag(`t${i}`, at(i), false);
    fence.invalidateTag('red', at(20), false);
    expect(fence.holds(at(19), 'product', marks)).toBe(false);
    expect(fence.holds(at(20), 'product', marks)).toBe(true);
  });

  it('keeps a tag as a tombstone from the moment that its last entry goes', () => {
    const fence = new Fence({ tombstonesMax: 1 });
    const [first, second] = [fence.retain(['red']), fence.retain(['red'])];
    fence.invalidateTag('red', at(1), false);
    fence.release(first);
    expect(fence.tombstones).toBe(0);
    fence.release(second);
    expect(fence.tombstones).toBe(1);
    expect(fence.refuses(at(0), 'product', 'k', ['red'])?.reason).toBe('tag-invalidated');
    fence.invalidateTag('blue', at(2), false);
    expect(fence.floor).toBe(1);
  });

  it('forgets a tag at once when its last entry goes and no load could be older than the floor', () => {
    const fence = new Fence();
    fence.invalidateTag('red', at(3), false);
    fence.raiseFloor(at(3));
    const marks = fence.retain(['red', 'blue']);
    fence.release(marks);
    expect(fence.tombstones).toBe(0);
  });

  it('tells residents by hard purges, and their expiry by soft ones', () => {
    const fence = new Fence();
    const marks = fence.retain(['red', 'blue']);
    expect(fence.expired(at(1), 'product', marks)).toBe(false);
    fence.invalidateTag('blue', at(2), true);
    expect(fence.holds(at(1), 'product', marks)).toBe(true);
    expect(fence.expired(at(1), 'product', marks)).toBe(true);
    expect(fence.expired(at(2), 'product', marks)).toBe(false);
    fence.invalidateNamespace('product', at(3));
    expect(fence.holds(at(2), 'product', marks)).toBe(false);
    expect(fence.holds(at(3), 'product', marks)).toBe(true);
  });

  it('changes its serial with every lazy invalidation', () => {
    const fence = new Fence();
    const serials = [fence.serial];
    fence.invalidateTag('a', at(1), false);
    serials.push(fence.serial);
    fence.invalidateNamespace('n', at(2));
    serials.push(fence.serial);
    fence.invalidateEverything(at(3));
    serials.push(fence.serial);
    expect(new Set(serials).size).toBe(4);
  });

  it('switched off, admits everything: the switch that lets other tests show that they notice', () => {
    const fence = new Fence({ enforced: false });
    fence.invalidateEverything(at(9));
    expect(fence.refuses(at(1), 'product', 'k', [])).toBeNull();
  });

  it('refuses whatever an unbounded memory would refuse, for any history and any bound', () => {
    const step = fc.record({
      kind: fc.constantFrom('key', 'narrowed', 'tag', 'soft', 'namespace', 'retain', 'release'),
      name: fc.constantFrom('a', 'b', 'c', 'd'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (steps, tombstonesMax) => {
        const bounded = new Fence({ tombstonesMax });
        const perfect = new Fence();
        const retained: ReturnType<Fence['retain']>[] = [];
        steps.forEach(({ kind, name }, index) => {
          const offset = at(index + 1);
          if (kind === 'retain') retained.push(bounded.retain([name]));
          else if (kind === 'release') bounded.release(retained.pop() ?? []);
          else
            for (const fence of [bounded, perfect]) {
              if (kind === 'key') fence.invalidateKey(name, offset, false);
              else if (kind === 'narrowed') fence.invalidateKey(name, offset, false, 'a');
              else if (kind === 'namespace') fence.invalidateNamespace(name, offset);
              else fence.invalidateTag(name, offset, kind === 'soft');
            }
        });
        for (let stamp = 0; stamp <= steps.length; stamp++) {
          for (const name of ['a', 'b', 'c', 'd']) {
            const must = perfect.refuses(at(stamp), name, name, [name]);
            if (must) expect(bounded.refuses(at(stamp), name, name, [name])).not.toBeNull();
          }
        }
      }),
    );
  });
});

describe('a key that is embedded in another entry', () => {
  const ended = (fence: Fence, marks: readonly TagMark[], stamp: number, namespace = 'product'): string =>
    `${fence.holds(at(stamp), namespace, marks) ? 'holds' : 'gone'}${fence.expired(at(stamp), namespace, marks) ? ', expired' : ''}`;

  it('ends it, hard or softly, and says so by the serial', () => {
    const fence = new Fence();
    const marks = fence.embed('k', ['red']);
    const { serial } = fence;
    fence.invalidateKey('other', at(4), false);
    expect(fence.serial).toBe(serial);
    fence.invalidateKey('k', at(5), true);
    expect(fence.serial).toBeGreaterThan(serial);
    expect([4, 5].map((stamp) => ended(fence, marks, stamp))).toEqual(['holds, expired', 'holds']);
    fence.invalidateKey('k', at(6), false);
    expect([5, 6].map((stamp) => ended(fence, marks, stamp))).toEqual(['gone', 'holds']);
  });

  it('ends each entry that embeds it', () => {
    const fence = new Fence();
    const marks = [fence.embed('k', []), fence.embed('k', [])];
    fence.invalidateKey('k', at(5), false);
    expect(marks.map((one) => ended(fence, one, 4))).toEqual(['gone', 'gone']);
  });

  it('ends it by its tags, too', () => {
    const fence = new Fence();
    const marks = fence.embed('k', ['red']);
    fence.invalidateTag('red', at(5), false);
    expect([4, 5].map((stamp) => ended(fence, marks, stamp))).toEqual(['gone', 'holds']);
  });

  it('ends it in its own namespace only, when the invalidation is narrowed', () => {
    const fence = new Fence();
    const marks = fence.embed('k', []);
    fence.invalidateKey('k', at(5), false, 'product');
    expect([ended(fence, marks, 4, 'order'), ended(fence, marks, 4)]).toEqual(['holds', 'gone']);
  });

  it('is not a tag of the same name', () => {
    const fence = new Fence();
    const [marks, tagged] = [fence.embed('k', []), fence.retain(['k'])];
    fence.invalidateTag('k', at(5), false);
    expect([ended(fence, marks, 4), ended(fence, tagged, 4)]).toEqual(['holds', 'gone']);
    fence.invalidateKey('k', at(6), false);
    expect([ended(fence, marks, 5), ended(fence, tagged, 5)]).toEqual(['gone', 'holds']);
  });

  it('is forgotten with the last entry that embeds it; what is left is the tombstone of the key', () => {
    const fence = new Fence();
    const marks = [fence.embed('k', []), fence.embed('k', [])];
    fence.release(marks[0]!);
    fence.invalidateKey('k', at(5), false);
    expect([ended(fence, marks[1]!, 4), fence.tombstones]).toEqual(['gone', 1]);
    fence.release(marks[1]!);
    const { serial } = fence;
    fence.invalidateKey('k', at(6), false);
    expect([fence.serial, fence.tombstones]).toEqual([serial, 1]);
    expect(ended(fence, fence.embed('k', []), 5)).toBe('holds');
    expect(fence.refuses(at(5), 'product', 'k', [])?.at).toBe(6);
  });
});

describe('the last end that is remembered', () => {
  const fence = new Fence();
  const marks = fence.retain(['red', 'blue']);
  const namespace = 'product';
  const value = { stamp: at(3), namespace, key: 'k', marks };

  it('is none of what lies within the stamp', () => {
    fence.invalidateKey('k', at(3), false);
    fence.invalidateKey('other', at(9), false);
    fence.invalidateNamespace('order', at(9));
    expect(fence.lastEnd('hard', value)).toBeNull();
    expect(fence.lastEnd('soft', value)).toBeNull();
  });

  it('is the newest of key, tags, namespace and everything', () => {
    fence.invalidateKey('k', at(4), false, 'product');
    expect(fence.lastEnd('hard', value)).toEqual({ target: 'key', name: 'k', namespace, at: 4 });
    fence.invalidateTag('blue', at(5), false);
    expect(fence.lastEnd('hard', value)).toEqual({ target: 'tag', name: 'blue', namespace, at: 5 });
    fence.invalidateNamespace('product', at(6));
    expect(fence.lastEnd('hard', value)).toEqual({ target: 'namespace', name: 'product', namespace, at: 6 });
    fence.invalidateEverything(at(7));
    expect(fence.lastEnd('hard', value)).toEqual({ target: 'everything', name: '', namespace, at: 7 });
    fence.invalidateTag('red', at(8), true);
    expect(fence.lastEnd('hard', value)?.at).toBe(7);
  });

  it('of what was only expired is of its key or of a tag', () => {
    expect(fence.lastEnd('soft', value)).toEqual({ target: 'tag', name: 'red', namespace, at: 8 });
    fence.invalidateKey('k', at(8), false);
    expect(fence.lastEnd('soft', value)).toEqual({ target: 'key', name: 'k', namespace, at: 8 });
    expect(fence.lastEnd('hard', { ...value, stamp: at(0), namespace: 'other', key: 'x', marks: [] })?.at).toBe(7);
  });
});
