import { beforeEach, describe, expect, it } from 'vitest';
import type { Offset } from '../model/position.ts';
import { leaseMs, Members, type Said } from './members.ts';

const at = (offset: number): Offset => offset as Offset;
const LEASE = 3_000;
/** What is added for those of whom only words tell. */
const TOLD = 2_500;
const says = (id: string, watermark: number | null, over: Partial<Said> = {}): Said => ({
  id,
  name: `name of ${id}`,
  role: 'process',
  watermark: watermark === null ? null : at(watermark),
  how: 'asked',
  ...over,
});

let members: Members;
/** What has become of the process `a` for somebody who waits for offset 7 since 0. */
const outcome = (now: number, since = 0): string => {
  members.expire(now);
  return members.results(at(7), since, now).find(({ id }) => id === 'a')?.result ?? 'unknown';
};

beforeEach(() => {
  members = new Members(LEASE);
});

type State = 'unknown' | 'waiting' | 'applied' | 'gone' | 'left';
type Happening = 'is behind' | 'has it' | 'leaves' | 'is silent';

const REACH: Record<State, (now: number) => void> = {
  unknown: () => undefined,
  waiting: (now) => members.report(says('a', 3), now),
  applied: (now) => members.report(says('a', 7), now),
  gone: (now) => {
    members.report(says('a', 3), now - LEASE);
    members.expire(now);
  },
  left: (now) => {
    members.report(says('a', 3), now);
    members.leave('a', now);
  },
};
const HAPPEN: Record<Happening, (now: number) => number> = {
  'is behind': (now) => {
    members.report(says('a', 3), now);
    return now;
  },
  'has it': (now) => {
    members.report(says('a', 7), now);
    return now;
  },
  leaves: (now) => {
    members.leave('a', now);
    return now;
  },
  'is silent': (now) => now + LEASE,
};
const TABLE: Record<State, Record<Happening, State>> = {
  unknown: { 'is behind': 'waiting', 'has it': 'applied', leaves: 'unknown', 'is silent': 'unknown' },
  waiting: { 'is behind': 'waiting', 'has it': 'applied', leaves: 'left', 'is silent': 'gone' },
  // What it had, it had, whatever becomes of it.
  applied: { 'is behind': 'waiting', 'has it': 'applied', leaves: 'applied', 'is silent': 'applied' },
  gone: { 'is behind': 'waiting', 'has it': 'applied', leaves: 'gone', 'is silent': 'gone' },
  // Its last word may be overtaken by one from before.
  left: { 'is behind': 'left', 'has it': 'left', leaves: 'left', 'is silent': 'left' },
};

describe('a member', () => {
  it.each(
    Object.entries(TABLE).flatMap(([state, row]) =>
      Object.entries(row).map(([happening, next]) => [state, happening, next] as [State, Happening, State]),
    ),
  )('that is %s and %s is %s', (state, happening, next) => {
    const now = 10_000;
    REACH[state](now);
    expect(outcome(now)).toBe(state);
    expect(outcome(HAPPEN[happening](now))).toBe(next);
  });

  it('is waited for until its lease ends, to the millisecond, and each word renews it', () => {
    members.report(says('a', 3), 0);
    members.report(says('a', 3), 1_000);
    expect(members.nextEnd).toBe(1_000 + LEASE);
    expect([outcome(999 + LEASE), outcome(1_000 + LEASE)]).toEqual(['waiting', 'gone']);
    expect(members.nextEnd).toBeNull();
  });

  it('of whom only words tell has a longer lease', () => {
    members.report(says('b', 3, { how: 'told' }), 0);
    members.report(says('a', 3), 100);
    expect(members.nextEnd).toBe(100 + LEASE);
    members.expire(LEASE + TOLD - 1);
    expect(members.status(at(3), LEASE + TOLD - 1).map(({ id, state }) => [id, state])).toEqual([
      ['b', 'live'],
      ['a', 'gone'],
    ]);
    members.expire(LEASE + TOLD);
    expect(members.lowest()).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('that was gone before somebody began to wait is no business of his', () => {
    members.report(says('a', 3), 0);
    expect([outcome(5_000, 0), outcome(5_000, 5_001)]).toEqual(['gone', 'unknown']);
  });

  it('that follows another journal has nothing of this one', () => {
    members.report(says('a', null), 0);
    expect([outcome(0), members.lowest()]).toEqual(['waiting', 0]);
    expect(members.results(at(1), 0, 0)[0]?.reason).toBe('it follows another journal, heard 0.0 s ago');
    expect(members.status(at(9), 0)).toMatchObject([{ watermark: null, behind: 9 }]);
  });

  it('says why it does not have it', () => {
    members.report(says('a', 3), 0);
    members.report(says('b', 4), 2_000);
    members.leave('b', 2_500);
    expect(members.results(at(7), 0, 2_500)).toEqual([
      { id: 'a', name: 'name of a', result: 'waiting', reason: 'it is at 3, heard 2.5 s ago' },
      { id: 'b', name: 'name of b', result: 'left', reason: 'it has ended' },
    ]);
    members.expire(3_500);
    expect(members.results(at(7), 0, 3_500)[1]).toEqual({
      id: 'a',
      name: 'name of a',
      result: 'gone',
      reason: 'it is at 3, not heard for 3.5 s: its lease has ended',
    });
  });
});

describe('all members', () => {
  it('have what the one has that is furthest behind', () => {
    expect(members.lowest()).toBe(Number.MAX_SAFE_INTEGER);
    members.report(says('a', 9), 0);
    members.report(says('b', 4), 0);
    expect(members.lowest()).toBe(4);
    members.leave('b', 0);
    expect(members.lowest()).toBe(9);
  });

  it('without those that are left behind, have what the others have', () => {
    members.report(says('a', 9), 0);
    members.report(says('b', 4), 0);
    expect(members.lowest(at(5))).toBe(9);
  });

  it('are at most ten thousand; who is one already is not refused', () => {
    for (let n = 0; n < 10_000; n++) expect(members.report(says(`${n}`, 1), 0)).toBe(true);
    expect(members.report(says('a', 1), 0)).toBe(false);
    expect(members.report(says('7', 2), 0)).toBe(true);
    members.leave('8', 0);
    expect(members.report(says('a', 1), 0)).toBe(true);
  });

  it('are told of with how far behind they are; those who left are not, and those who fell silent are for ten minutes', () => {
    members.report(says('a', 3), 0);
    members.report(says('b', 4, { role: 'relay' }), 1_000);
    members.report(says('c', 4), 1_000);
    members.leave('c', 1_000);
    members.expire(3_000);
    const b = { id: 'b', name: 'name of b', role: 'relay', state: 'live', watermark: 4, behind: 6, heardMsAgo: 2_000 };
    const a = {
      id: 'a',
      name: 'name of a',
      role: 'process',
      state: 'gone',
      watermark: 3,
      behind: 7,
      heardMsAgo: 3_000,
    };
    expect(members.status(at(10), 3_000)).toEqual([b, a]);
    members.expire(602_999);
    expect(members.status(at(10), 602_999).map(({ id }) => id)).toEqual(['a', 'b']);
    members.expire(603_000);
    expect(members.status(at(10), 603_000).map(({ id }) => id)).toEqual(['b']);
  });

  it('are remembered after their end up to a thousand, the newest of them', () => {
    for (let n = 0; n <= 1_000; n++) {
      members.report(says(`${n}`, 1), 0);
      members.leave(`${n}`, 0);
    }
    members.expire(0);
    const left = members.results(at(7), 0, 0).map(({ id }) => id);
    expect([left.length, left[0], left.at(-1)]).toEqual([1_000, '1', '1000']);
  });
});

describe('a lease', () => {
  it.each([
    [[], 3_000],
    [[{}, { maxStalenessMs: 2_000 }], 3_000],
    [[{ maxStalenessMs: 2_000 }, { maxStalenessMs: 5_000 }, {}], 5_000],
    [[{ maxStalenessMs: 60_000 }], 10_000],
  ])('is as long as the longest bound that is asked for, within what one can wait: %j', (namespaces, ms) => {
    expect(leaseMs(namespaces)).toBe(ms);
  });
});
