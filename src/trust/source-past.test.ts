import { describe, expect, it } from 'vitest';
import type { Offset, Position } from '../model/position.ts';
import { parseSnapshot } from './snapshot.ts';
import { SourcePast } from './source-past.ts';

const at = (offset: number): Offset => offset as Offset;
const pos = (n: number): Position => String(n).padStart(6, '0') as Position;

/** Transactions at the positions 1, 2, 3, ... and the same offsets, with the ids 101, 102, 103, ... if they have any. */
function past(transactionsMax: number) {
  const memory = new SourcePast({ epoch: 'e', since: at(0), from: pos(0), transactionsMax });
  let last = 0;
  const see = (xid: number | null = 101 + last): void => {
    last++;
    memory.see({ offset: at(last), position: pos(last), ...(xid !== null && { xid: String(xid) }) }, pos(last));
  };
  /** The first offset that a reader lacks whose snapshot is this one. */
  const by = (snapshot: string) => memory.unseenBy(parseSnapshot(snapshot)!, { epoch: 'e', xid: 0, at: at(0) });
  return { memory, see, by };
}

describe('the transactions of a source that are remembered', () => {
  it('are as many as they may be, however many have been forgotten', () => {
    const { memory, see } = past(4);
    for (let last = 1; last <= 23; last++) {
      see();
      const known = Array.from({ length: last + 1 }, (_, i) => memory.unseenAfter(pos(i)) !== null);
      expect(known.filter(Boolean)).toHaveLength(Math.min(last, 4) + 1);
      expect(known.at(-1)).toBe(true);
    }
  });

  it('go on with what comes at or behind the newest of them', () => {
    const { memory, see } = past(4);
    for (let i = 0; i < 3; i++) see();
    expect([2, 3, 4].map((position) => memory.goesOnWith('e', pos(position)))).toEqual([false, true, true]);
    expect(memory.goesOnWith('e2', pos(4))).toBe(false);
  });

  it('are known by their ids in a part without one as well', () => {
    const { memory, see, by } = past(4);
    see();
    see(null);
    memory.see({ offset: at(3), position: pos(2), xid: '102' }, pos(2));
    memory.see({ offset: at(4), position: pos(2) }, pos(2));
    expect([by('102:102:'), by('101:103:101'), by('103:103:')]).toEqual([2, 1, Infinity]);
  });
});

describe('a reader beside a long writer', () => {
  const looked = (transactions: number) => {
    const { see, by } = past(8);
    const look = (ended: number, also = ''): number | null => by(`100:${ended + 1}:100${also}`);
    for (let xid = 101; xid < 101 + transactions; xid++) {
      see();
      look(xid);
    }
    return look;
  };

  it('is told what it lacks although its snapshot is older than half of what is remembered', () => {
    const look = looked(40);
    expect([136, 137, 138, 139, 140].map((ended) => look(ended))).toEqual([37, 38, 39, 40, Infinity]);
  });

  it('is told nothing when it may have been before the reader that has vouched for what is forgotten', () => {
    const look = looked(40);
    // The last 8 are remembered. The one that vouches for the others had the same newest id, and 132 had ended for it.
    expect(look(133, ',132')).toBeNull();
    expect([133, 134].map((ended) => look(ended))).toEqual([null, 35]);
  });
});

it('what has no id is forgotten without a word about readers', () => {
  const { see, by } = past(2);
  for (let i = 0; i < 9; i++) {
    see(null);
    expect(by('7:9:')).toBe(Infinity);
  }
});
