import { describe, expect, it } from 'vitest';
import type { Offset } from '../model/position.ts';
import { readShard } from './promotion.ts';
import { fillShard } from './shard-fill.ts';
import { coldShard, takeOver, type Claim, type Shard } from './shard.ts';

const at = (offset: number): Offset => offset as Offset;
const claim: Claim = { epoch: 'j1', owner: 3, contractHash: 'c1' };
const entry = { epoch: 'j1', namespace: 'product', key: 'k', value: 1, tags: [] };

describe('a cold shard', () => {
  it('has applied everything up to the head and admits nothing that was loaded before', () => {
    const shard = coldShard(claim, at(5));
    expect(shard.watermark).toBe(5);
    expect(fillShard(shard, { ...entry, stamp: at(4) }).refused).toBe('below-floor');
    expect(fillShard(shard, { ...entry, stamp: at(5) }).refused).toBeNull();
  });

  it('does not serve entries that stayed when its record was lost', () => {
    const before = fillShard(coldShard(claim, at(5)), { ...entry, stamp: at(5) }).shard;
    expect(readShard(coldShard(claim, at(6), before.entries), 'product', 'k').entry).toBeNull();
    expect(readShard(coldShard(claim, at(5), before.entries), 'product', 'k').entry?.value).toBe(1);
  });
});

describe('a shard is taken over', () => {
  const shard = fillShard(coldShard(claim, at(2)), { ...entry, stamp: at(4) }).shard;

  const taking = (...args: Parameters<typeof takeOver>): Shard => {
    const taken = takeOver(...args);
    if (typeof taken === 'string') throw new Error(taken);
    return taken;
  };

  it('by a newer life of the daemon, which goes on at the watermark', () => {
    const taken = taking(shard, { ...claim, owner: 4 }, at(9));
    expect(taken).toEqual({ ...shard, owner: 4 });
  });

  it('by its own owner again, which changes nothing', () => {
    expect(takeOver(shard, claim, at(9))).toEqual(shard);
  });

  it('not by a journal that has not given out its offsets yet: that was put back, and they will mean something else', () => {
    expect(takeOver(shard, claim, at(1))).toBe('beyond');
    expect(takeOver(shard, claim, at(2))).toEqual(shard);
    expect(taking(shard, { ...claim, epoch: 'j2' }, at(1)).watermark).toBe(1);
  });

  it('not by one that has gone on since it was put back: an earlier owner cannot have come further than where this one began', () => {
    expect(takeOver(shard, { ...claim, owner: 4 }, at(9), at(1))).toBe('beyond');
    expect(takeOver(shard, claim, at(9), at(1))).toEqual(shard);
  });

  it('before anything in it is believed', () => {
    expect(readShard(shard, 'product', 'k', 4).entry).toBeNull();
    expect(readShard(taking(shard, { ...claim, owner: 4 }, at(9)), 'product', 'k', 4).entry?.value).toBe(1);
  });

  it('never by an older one', () => {
    expect(takeOver(shard, { ...claim, owner: 2 }, at(9))).toBe('deposed');
  });

  it('with another journal: its offsets are new, and no entry from before is served', () => {
    const taken = taking(shard, { ...claim, owner: 4, epoch: 'j2' }, at(1));
    expect(taken).toMatchObject({ epoch: 'j2', owner: 4, watermark: 1, floor: 1 });
    expect(readShard(taken, 'product', 'k').entry).toBeNull();
    expect(fillShard(taken, { ...entry, stamp: at(4) }).refused).toBe('other-epoch');
    expect(fillShard(taken, { ...entry, epoch: 'j2', stamp: at(1) }).refused).toBeNull();
  });

  it('under other contracts: what was filled before the head is neither served nor stored, and no hole is passed', () => {
    const taken = taking(shard, { ...claim, contractHash: 'c2' }, at(6));
    expect(taken).toMatchObject({ contractHash: 'c2', watermark: 2, floor: 6, reset: 6 });
    expect(readShard(taken, 'product', 'k').entry).toBeNull();
    const older = taking({ ...shard, floor: at(8), reset: at(7) }, { ...claim, contractHash: 'c2' }, at(6));
    expect(older).toMatchObject({ floor: 8, reset: 7 });
  });
});
