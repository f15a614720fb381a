import { describe, expect, it } from 'vitest';
import type { Action } from '../model/plan.ts';
import type { Offset } from '../model/position.ts';
import { readShard } from './promotion.ts';
import { applyToShard } from './shard-apply.ts';
import { fillShard, type ShardFill } from './shard-fill.ts';
import { coldShard, type Shard } from './shard.ts';

const at = (offset: number): Offset => offset as Offset;
const CLAIM = { epoch: 'j', owner: 1, contractHash: 'c' };
const EMPTY = coldShard(CLAIM, at(0));
const fill: ShardFill = { epoch: 'j', namespace: 'product', key: 'k', value: 'new', stamp: at(4), tags: ['red'] };

function after(kind: Action['kind'], target: string, offset: number, shard = EMPTY): Shard {
  const action = { kind, target };
  return applyToShard(shard, { ...CLAIM, after: at(0), watermark: at(offset), actions: [{ action, at: at(offset) }] })
    .shard;
}

describe('a fill of a shard', () => {
  it.each([
    ['delete_key', 'k', 'key-invalidated'],
    ['expire_key', 'k', 'key-invalidated'],
    ['purge_tag', 'red', 'tag-invalidated'],
    ['expire_tag', 'red', 'tag-invalidated'],
    ['purge_namespace', 'product', 'namespace-purged'],
    ['purge_namespace', '*', 'namespace-purged'],
  ] as const)('that began before %s %s is refused, one that began at it is stored', (kind, target, reason) => {
    const shard = after(kind, target, 5);
    expect(fillShard(shard, fill)).toEqual({ shard, refused: reason });
    expect(fillShard(shard, { ...fill, stamp: at(5) }).refused).toBeNull();
  });

  it('is not held up by what was ended elsewhere', () => {
    const shard = after('delete_key', 'other', 5, after('purge_tag', 'blue', 6, after('purge_namespace', 'order', 7)));
    expect(fillShard(shard, fill).refused).toBeNull();
  });

  it('below the floor is refused; below that of tags, if it has any', () => {
    expect(fillShard({ ...EMPTY, floor: at(5) }, fill).refused).toBe('below-floor');
    expect(fillShard({ ...EMPTY, tagFloor: at(5) }, fill).refused).toBe('below-floor');
    expect(fillShard({ ...EMPTY, tagFloor: at(5) }, { ...fill, tags: [] }).refused).toBeNull();
    expect(fillShard({ ...EMPTY, floor: at(4), tagFloor: at(4) }, fill).refused).toBeNull();
  });

  it('never takes the place of one that saw more (anomaly A8)', () => {
    const { shard } = fillShard(EMPTY, fill);
    expect(fillShard(shard, { ...fill, value: 'old', stamp: at(3) })).toEqual({ shard, refused: 'older-than-stored' });
    const newer = fillShard(shard, { ...fill, value: 'newer', stamp: at(4) }).shard;
    expect(readShard(newer, 'product', 'k').entry?.value).toBe('newer');
  });

  it('takes the place of an entry of another journal, whatever its stamp', () => {
    const old = fillShard({ ...EMPTY, epoch: 'old' }, { ...fill, epoch: 'old', stamp: at(9) }).shard;
    expect(fillShard({ ...old, epoch: 'j' }, fill).refused).toBeNull();
  });

  it('leaves the same key of another namespace alone', () => {
    const { shard } = fillShard(fillShard(EMPTY, fill).shard, { ...fill, namespace: 'order', value: 'other' });
    expect(readShard(shard, 'product', 'k').entry?.value).toBe('new');
    expect(readShard(shard, 'order', 'k').entry?.value).toBe('other');
  });
});
