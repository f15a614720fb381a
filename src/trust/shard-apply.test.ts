import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { Action, ActionKind } from '../model/plan.ts';
import type { Offset } from '../model/position.ts';
import { readShard, readTags } from './promotion.ts';
import { applyToShard, type ShardRun } from './shard-apply.ts';
import { fillShard } from './shard-fill.ts';
import { coldShard, type Shard } from './shard.ts';

const at = (offset: number): Offset => offset as Offset;
const CLAIM = { epoch: 'j', owner: 2, contractHash: 'c' };
const EMPTY = coldShard(CLAIM, at(0));

function run(after: number, watermark: number, ...targets: readonly [ActionKind, string, number?][]): ShardRun {
  const actions = targets.map(([kind, target, offset = watermark]) => ({ action: { kind, target }, at: at(offset) }));
  return { ...CLAIM, after: at(after), watermark: at(watermark), actions };
}

function filled(stamp: number, shard = EMPTY, namespace = 'n'): Shard {
  const fill = { epoch: 'j', namespace, key: 'k', value: stamp, stamp: at(stamp), tags: [] };
  return fillShard(shard, fill).shard;
}

describe('a run is applied to a shard', () => {
  it('deletes what was loaded before the event, in every namespace, and spares what was loaded at it (anomaly C1)', () => {
    const both = filled(4, filled(3), 'm');
    const { shard, reply } = applyToShard(both, run(0, 4, ['delete_key', 'k']));
    expect(reply).toBe('applied');
    expect(readShard(shard, 'n', 'k').entry).toBeNull();
    expect(readShard(shard, 'm', 'k').entry?.value).toBe(4);
    expect(shard.watermark).toBe(4);
  });

  it('leaves other keys alone', () => {
    expect(applyToShard(filled(3), run(0, 4, ['delete_key', 'other'])).shard.entries.size).toBe(1);
  });

  it.each(['expire_key', 'refresh_key'] as const)('%s marks what was loaded before it', (kind) => {
    expect(readShard(applyToShard(filled(3), run(0, 4, [kind, 'k'])).shard, 'n', 'k').entry?.isExpired).toBe(true);
    expect(readShard(applyToShard(filled(4), run(0, 4, [kind, 'k'])).shard, 'n', 'k').entry?.isExpired).toBe(false);
  });

  it('purges a namespace, or all of them', () => {
    for (const target of ['n', '*']) {
      const { shard } = applyToShard(filled(3), run(0, 4, ['purge_namespace', target]));
      expect(readShard(shard, 'n', 'k').entry).toBeNull();
      expect(readShard(filled(4, shard), 'n', 'k').entry?.value).toBe(4);
      expect(
        readShard(applyToShard(shard, run(0, 4, ['purge_namespace', target, 2])).shard, 'n', 'k').entry,
      ).toBeNull();
    }
  });

  it('remembers of a tag its newest purge and its newest expiry, whatever comes late', () => {
    const newest = applyToShard(EMPTY, run(0, 9, ['purge_tag', 'red', 5], ['expire_tag', 'red', 7])).shard;
    const { shard } = applyToShard(newest, run(0, 9, ['purge_tag', 'red', 3], ['expire_tag', 'red', 4]));
    expect(readTags(shard, ['red', 'blue']).ends).toEqual({ hard: 5, soft: 7 });
  });

  it('does nothing for what a shard cannot do', () => {
    const { shard } = applyToShard(EMPTY, run(0, 4, ['purge_url', '/'], ['refresh_projection', 'p']));
    expect(shard).toEqual({ ...EMPTY, watermark: 4 });
  });

  it('again or late changes nothing: the watermark never goes back', () => {
    const first = run(0, 4, ['delete_key', 'k']);
    const { shard } = applyToShard(applyToShard(EMPTY, first).shard, run(4, 6));
    expect(applyToShard(shard, first)).toEqual({ shard, reply: 'applied' });
  });

  it('that does not begin where the shard is invalidates, and leaves the watermark before the hole (anomaly C2)', () => {
    const { shard, reply } = applyToShard(filled(3), run(5, 8, ['delete_key', 'k']));
    expect(reply).toBe('behind');
    expect(shard.watermark).toBe(0);
    expect(readShard(shard, 'n', 'k').entry).toBeNull();
  });

  it('of an older owner changes nothing, and that of a newer one waits until it has taken over (anomaly C6)', () => {
    const shard = filled(3);
    expect(applyToShard(shard, { ...run(0, 4, ['delete_key', 'k']), owner: 1 })).toEqual({ shard, reply: 'deposed' });
    expect(applyToShard(shard, { ...run(0, 4), owner: 3 })).toEqual({ shard, reply: 'unclaimed' });
  });

  it.each([{ epoch: 'other' }, { contractHash: 'other' }])(
    'of %j changes nothing before it has taken over',
    (other) => {
      const shard = filled(3);
      expect(applyToShard(shard, { ...run(0, 4, ['delete_key', 'k']), ...other })).toEqual({
        shard,
        reply: 'unclaimed',
      });
    },
  );
});

describe('the memory of a shard', () => {
  it('keeps of a key its newest end, whatever comes late', () => {
    const { shard } = applyToShard(EMPTY, run(0, 9, ['delete_key', 'k', 7], ['expire_key', 'k', 3]));
    expect(shard.keys).toEqual(new Map([['k', 7]]));
  });

  it('is bounded: a forgotten tombstone raises the floor, a forgotten mark that of everything tagged', () => {
    const keys = applyToShard(
      EMPTY,
      run(0, 4, ['delete_key', 'a', 2], ['delete_key', 'b', 3], ['delete_key', 'a', 4]),
      1,
    );
    expect(keys.shard.keys).toEqual(new Map([['a', 4]]));
    expect([keys.shard.floor, keys.shard.tagFloor]).toEqual([3, 0]);
    const tags = applyToShard(
      EMPTY,
      run(0, 4, ['purge_tag', 'a', 3], ['expire_tag', 'a', 2], ['purge_tag', 'b', 4]),
      1,
    );
    expect([tags.shard.floor, tags.shard.tagFloor]).toEqual([0, 3]);
    expect(readTags(tags.shard, ['a']).ends).toEqual({ hard: 3, soft: 2 });
    expect(applyToShard(tags.shard, run(0, 5, ['expire_tag', 'c', 5]), 1).shard.tagFloor).toBe(3);
    expect(applyToShard(tags.shard, run(0, 6, ['purge_tag', 'd', 6]), 1).shard.tagFloor).toBe(4);
  });

  it('forgets the lowest first, also when it came last, and as many as there are too many', () => {
    const { shard } = applyToShard(EMPTY, run(0, 4, ['delete_key', 'a', 4], ['delete_key', 'b', 3]), 2);
    const late = applyToShard(shard, run(0, 4, ['delete_key', 'c', 1]), 2).shard;
    expect(late.keys).toEqual(shard.keys);
    expect(late.floor).toBe(1);
    const fewer = applyToShard(shard, run(0, 5, ['delete_key', 'd', 5]), 1).shard;
    expect(fewer.keys).toEqual(new Map([['d', 5]]));
    expect(fewer.floor).toBe(4);
  });

  it('refuses whatever an unbounded one would refuse, for any history and any bound', () => {
    const kinds = ['delete_key', 'expire_key', 'purge_tag', 'expire_tag', 'purge_namespace'] as const;
    const name = fc.constantFrom('a', 'b', 'c', 'd');
    const action = fc.record({ kind: fc.constantFrom(...kinds), target: name });
    const refusal = (shard: Shard, stamp: number, key: string) =>
      fillShard(shard, { epoch: 'j', namespace: key, key, value: 0, stamp: at(stamp), tags: [key] }).refused;
    const applied = (actions: readonly Action[], marksMax: number): Shard =>
      actions.reduce(
        (shard, { kind, target }, i) => applyToShard(shard, run(i, i + 1, [kind, target]), marksMax).shard,
        EMPTY,
      );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 40 }), fc.integer({ min: 1, max: 3 }), (actions, marksMax) => {
        const bounded = applied(actions, marksMax);
        const perfect = applied(actions, Infinity);
        expect(bounded.keys.size).toBeLessThanOrEqual(marksMax);
        expect(bounded.purgedTags.size).toBeLessThanOrEqual(marksMax);
        expect(bounded.expiredTags.size).toBeLessThanOrEqual(marksMax);
        for (let stamp = 0; stamp <= actions.length; stamp++)
          for (const key of ['a', 'b', 'c', 'd'])
            if (refusal(perfect, stamp, key)) expect(refusal(bounded, stamp, key)).not.toBeNull();
      }),
    );
  });
});
