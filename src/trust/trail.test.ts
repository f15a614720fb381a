// Against a database that is written down whole: commit order, order of visibility, and what each reader could see.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at, E, HISTORY, pos, told } from '../../test/support/told-trail.ts';
import { GAP } from '../model/event.ts';
import { isVisible, parseSnapshot } from './snapshot.ts';
import { Trail } from './trail.ts';

describe('the stamp of a load from a place that had everything up to a position', () => {
  it('lies before the first transaction that it had not got', () => {
    const { see, before } = told();
    for (const position of [1, 3, 5]) see({ position });
    expect([1, 2, 3, 4, 5, 6].map((position) => before(position))).toEqual([1, 1, 2, 2, 3, 3]);
  });

  it('lies before what others announced, until an echo tells that it has got what that was about', () => {
    const { see, before, echo } = told();
    see({ position: 1 });
    echo(2);
    expect([before(1), before(2)]).toEqual([1, 1]);
    see({ source: 'app' });
    see({ source: 'db' });
    // Written before the announcement, so it says nothing about it; the next one does.
    echo(4, { t0: -5 });
    expect([before(1), before(3), before(4)]).toEqual([null, 0, 0]);
    echo(5);
    echo(6);
    expect([before(1), before(4), before(5), before(6), before(9)]).toEqual([null, 0, 3, 3, 3]);
  });

  it('lies before what others announced also when that was before this process began', () => {
    const trail = new Trail({ startAt: at(5), head: at(7) });
    trail.begin('db', { epoch: E, position: pos(3) }, at(7));
    const before = (position: number) => trail.stampBefore('db', HISTORY, pos(position), at(7));
    expect(before(3)).toBeNull();
    trail.proven('db', { epoch: E, position: pos(4) }, at(7), { t0: 0, now: 1, head: at(7) });
    expect([before(3), before(4)]).toEqual([null, 7]);
  });

  it('knows the last echoes of an epoch: further back it is not told what others announced', () => {
    const { see, before, echo } = told();
    see({ position: 1 });
    see({ source: 'app' });
    for (let position = 2; position < 2_002; position++) echo(position);
    expect([before(300), before(2_001)]).toEqual([null, 2]);
    see({ position: 2_002, epoch: '7:2:abc', type: GAP });
    echo(2_003, { epoch: '7:2:abc' });
    expect([before(2_002, '7:2'), before(2_003, '7:2')]).toEqual([null, 3]);
  });

  it('lies before the first part of a transaction that came in parts', () => {
    const { see, before, echo } = told();
    see({ position: 1 });
    see({ position: 2, commit: false });
    see({ source: 'app' });
    see({ position: 2 });
    echo(2);
    echo(2);
    expect([before(1), before(2)]).toEqual([null, 4]);
  });

  it('is never beyond the watermark', () => {
    const { trail, see } = told();
    for (let position = 1; position < 9; position++) see({ position });
    expect(trail.stampBefore('db', HISTORY, pos(7), at(3))).toBe(3);
  });

  it('cannot be told of another history, of another timeline, or of a source that nothing is known of', () => {
    const { trail, see, before } = told();
    see({ position: 1 });
    expect([before(1, '7:2'), before(1, '8:1'), before(1, '7'), before(1, E)]).toEqual([null, null, 1, 1]);
    expect(before(1, '7:11')).toBeNull();
    expect(trail.stampBefore('other', HISTORY, pos(1), at(1))).toBeNull();
    expect(['7:2', '7:11', '7', E].map((history) => trail.follows('db', history))).toEqual([false, false, true, true]);
    expect(trail.follows('other', E)).toBe(false);
  });

  it('cannot be told below what is remembered', () => {
    const { see, before } = told(2);
    for (const position of [1, 2, 3, 4]) see({ position });
    expect([1, 2, 3, 4].map((position) => before(position))).toEqual([null, 2, 3, 4]);
  });

  it('cannot be told below what is remembered, even if an echo from there is', () => {
    const { see, before, echo } = told(2);
    see({ position: 1 });
    echo(1);
    for (const position of [2, 3, 4]) see({ position });
    see({ source: 'app' });
    expect([before(1), before(3)]).toEqual([null, 0]);
  });

  it('is not changed by what the source says beside its transactions', () => {
    const { see, before } = told();
    see({ position: 1 });
    see();
    expect([before(1), before(0)]).toEqual([2, null]);
  });

  it('cannot be told below where a gap went on, nor below where this process began', () => {
    const { trail, see, before } = told();
    trail.begin('db', { epoch: E, position: pos(3) }, at(0));
    expect([before(2), before(3)]).toEqual([null, 0]);
    see({ position: 4 });
    see({ position: 9, type: GAP });
    expect([before(4), before(8), before(9)]).toEqual([null, null, 2]);
    see({ position: 10 });
    expect([before(9), before(10)]).toEqual([2, 3]);
  });

  it('cannot be told below a new epoch, nor when positions begin again, nor behind entries that are gone', () => {
    const { trail, see, before, echo, hole } = told();
    see({ position: 5 });
    see({ position: 6, epoch: '7:2:abc' });
    expect([before(6), before(5, '7:2'), before(6, '7:2')]).toEqual([null, null, 2]);
    see({ position: 2, epoch: '7:2:abc' });
    expect([before(1, '7:2'), before(2, '7:2')]).toEqual([null, 3]);
    hole();
    see({ source: 'app' });
    expect([before(9, '7:2'), trail.follows('db', '7:2')]).toEqual([null, false]);
    see({ position: 3, epoch: '7:2:abc' });
    echo(3, { epoch: '7:2:abc' });
    echo(3, { epoch: '7:2:abc' });
    expect([before(2, '7:2'), before(3, '7:2')]).toEqual([null, 6]);
  });

  it('is not changed by an entry that comes again', () => {
    const { trail, see, before } = told();
    see({ position: 1 });
    see({ position: 2 });
    trail.see({ offset: at(1), source: 'db', epoch: E, position: pos(1), commit: true, event: { type: 't' } });
    expect([before(1), before(2)]).toEqual([1, 2]);
  });
});

describe('the stamp of a load with a snapshot', () => {
  it('lies before the first transaction in the journal that the snapshot does not see', () => {
    const { see, from, begin } = told();
    begin();
    for (const [index, xid] of [11, 15, 12, 13].entries()) see({ position: index + 1, xid });
    expect(from('16:16:')).toBe(4);
    expect(from('12:16:12,15')).toBe(1);
    expect(from('11:14:12')).toBe(1);
    expect(from('12:16:12')).toBe(2);
    expect(from('11:11:')).toBe(0);
  });

  it('goes by id: a transaction that writes for hours does not make all that ended meanwhile look unseen', () => {
    const { see, from, begin } = told();
    begin();
    for (let xid = 101; xid <= 200; xid++) see({ position: xid, xid });
    expect(from('100:201:100')).toBe(100);
  });

  it('cannot be told before the barrier of the start has been passed, nor for a snapshot from before it', () => {
    const { see, from, reached } = told();
    see({ position: 1, xid: 5 });
    expect(from('9:9:')).toBeNull();
    reached(9);
    expect([from('9:9:'), from('10:10:')]).toEqual([null, 1]);
  });

  it('needs another barrier after a gap, whichever of the two is told first', () => {
    const { trail, see, from, reached } = told();
    see({ position: 1, xid: 5 });
    reached(6);
    see({ position: 2, type: GAP });
    expect(from('9:9:')).toBeNull();
    reached(7);
    expect([from('7:7:'), from('9:9:')]).toEqual([null, 2]);
    trail.horizon('db', { epoch: E, xid: 8, at: at(3) });
    see({ position: 3, type: GAP });
    expect([from('8:8:'), from('9:9:')]).toEqual([null, 3]);
  });

  it('needs another barrier after entries that are gone', () => {
    const { see, from, reached, hole } = told();
    see({ position: 1, xid: 5 });
    reached(6);
    hole();
    see({ source: 'app' });
    reached(7);
    expect(from('9:9:')).toBeNull();
    see({ position: 2, xid: 8 });
    reached(8);
    expect([from('8:8:'), from('9:9:')]).toEqual([null, 4]);
  });

  it('is not put off by a later barrier that nothing asked for, and takes none of another epoch', () => {
    const { see, from, reached } = told();
    see({ position: 1, xid: 5 });
    reached(6);
    reached(600);
    expect(from('9:9:')).toBe(1);
    see({ position: 2, epoch: '7:2:abc', type: GAP });
    reached(6, E);
    expect(from('9:9:', '7:2')).toBeNull();
  });

  it('cannot be told from what is no snapshot, of another history, or of a source that nothing is known of', () => {
    const { trail, see, from, reached } = told();
    see({ position: 1, xid: 5 });
    reached();
    expect([from('x'), from('9:9:', '7:2'), from('9:9:')]).toEqual([null, null, 1]);
    expect(trail.stampFromSnapshot('other', HISTORY, '9:9:', at(1))).toBeNull();
  });

  it('cannot be told when it may not see what was forgotten', () => {
    const { see, from, begin } = told(2);
    begin();
    for (const xid of [11, 12, 13]) see({ position: xid, xid });
    expect(from('11:14:11')).toBeNull();
    expect(from('12:14:')).toBe(3);
  });

  it('can be told past a long writer although much was forgotten, once older snapshots have vouched for it', () => {
    const { see, from, begin } = told(4);
    begin();
    for (let xid = 101; xid <= 120; xid++) {
      see({ position: xid, xid });
      expect(from(`100:${xid + 1}:100`)).toBe(xid - 100);
    }
    expect(from('100:110:100')).toBeNull();
  });

  it('of a source that tells no ids is only told once nothing of it can be unseen', () => {
    const { see, from, begin } = told();
    begin();
    see({ position: 1 });
    see({ position: 2, commit: false });
    see({ position: 2, xid: 9 });
    expect([from('9:9:'), from('10:10:')]).toEqual([1, 3]);
  });
});

it('no stamp covers a transaction that its reader did not see, for any history, snapshot and memory', () => {
  const history = fc.record({
    /** Per transaction: whether it is still invisible, whether it comes in two parts, whether another source comes between. */
    txs: fc.array(fc.record({ id: fc.nat(40), parts: fc.boolean(), foreign: fc.boolean() }), { maxLength: 30 }),
    looks: fc.array(fc.record({ after: fc.nat(30), ended: fc.array(fc.boolean(), { minLength: 41, maxLength: 41 }) })),
    max: fc.integer({ min: 1, max: 30 }),
  });
  fc.assert(
    fc.property(history, ({ txs, looks, max }) => {
      const { see, before, from, begin } = told(max);
      begin();
      const seen = new Map<number, number>();
      // What has ended stays ended: the looks are in the order in which they were taken.
      const over = new Array<boolean>(41).fill(false);
      const ids = [...new Set(txs.map(({ id }) => id))];
      ids.forEach((id, index) => {
        const { parts, foreign } = txs.find((tx) => tx.id === id)!;
        const position = index + 1;
        const xid = 100 + id;
        const first = see({ position, xid, commit: !parts });
        if (foreign) see({ source: 'app' });
        if (parts) see({ position, xid });
        seen.set(xid, first);
        const stampAt = before(index);
        if (stampAt !== null) expect(stampAt).toBeLessThan(first);
        for (const { ended } of looks.filter(({ after }) => after === index)) {
          ended.forEach((is, i) => (over[i] ||= is));
          // Ids above the newest one that has ended are above `xmax`; the others that have not are listed.
          const xmax = 101 + over.lastIndexOf(true);
          const running = over.flatMap((is, i) => (!is && 100 + i < xmax ? [100 + i] : []));
          const text = `${Math.min(xmax, ...running)}:${xmax}:${running.join(',')}`;
          const stamp = from(text);
          if (stamp === null) continue;
          const snapshot = parseSnapshot(text)!;
          for (const [one, offset] of seen) if (!isVisible(one, snapshot)) expect(stamp).toBeLessThan(offset);
        }
      });
    }),
    { numRuns: 1_000 },
  );
});

describe('whether a source is applied up to a place', () => {
  const place = (position: number, history = HISTORY, source = 'db') => ({ source, history, position: pos(position) });

  it('is told by commits that the watermark has passed', () => {
    const { trail, see } = told();
    see({ position: 10 });
    expect(trail.hasApplied(place(10))).toBe(false);
    trail.advance(at(1));
    expect([9, 10, 11].map((n) => trail.hasApplied(place(n)))).toEqual([true, true, false]);
  });

  it('is told by echoes, which lie behind what no event tells of', () => {
    const { trail, echo } = told();
    echo(20);
    trail.advance(at(0));
    expect([20, 21].map((n) => trail.hasApplied(place(n)))).toEqual([true, false]);
  });

  it('is not known of another history or of another source', () => {
    const { trail, see } = told();
    see({ position: 10 });
    trail.advance(at(1));
    expect(trail.hasApplied(place(5, '7:2'))).toBe(false);
    expect(trail.hasApplied(place(5, '7'))).toBe(true);
    expect(trail.hasApplied(place(5, HISTORY, 'other'))).toBe(false);
  });
});

describe('a source that is entered in the middle of its history', () => {
  it('is followed from then on, and nothing is said of what was before', () => {
    const { trail, see, before, from, reached, echo } = told();
    expect(trail.epochOf('db')).toBeNull();
    trail.enter('db', E);
    reached();
    expect([
      trail.epochOf('db'),
      trail.follows('db', HISTORY),
      trail.hasApplied({ source: 'db', history: HISTORY, position: pos(1) }),
    ]).toEqual([E, true, false]);
    expect([before(999_999), from('200:200:')]).toEqual([null, 0]);
    see({ position: 10, xid: 100 });
    echo(11);
    expect([before(9), before(10), before(11)]).toEqual([null, 1, 1]);
  });
});
