import { describe, expect, it } from 'vitest';
import type { Position, Resume } from '../../model/position.ts';
import { continuity, type ContinuityFacts } from './continuity.ts';
import { formatEpoch, parseEpoch } from './epoch.ts';
import { toPosition } from './lsn.ts';

const at = (lsn: bigint, epoch = '77:1:abc'): Resume => ({ epoch, position: toPosition(lsn) });
const facts = (changed: Partial<ContinuityFacts> = {}): ContinuityFacts => ({
  after: at(100n),
  now: { systemId: '77', timeline: '1', coverage: 'abc' },
  head: 200n,
  slot: { state: 'usable', confirmed: 90n, activePid: null, reason: null },
  publicationIsNew: false,
  skip: null,
  ...changed,
});
const slot = facts().slot!;
const now = facts().now;

describe('the feed goes on where the journal ends', () => {
  it('when the slot is not beyond it and the log has reached it, up to equality', () => {
    expect(continuity(facts())).toEqual({ kind: 'unbroken', from: 100n, rewound: 0 });
    expect(continuity(facts({ slot: { ...slot, confirmed: 100n } }))).toMatchObject({ kind: 'unbroken', from: 100n });
    expect(continuity(facts({ head: 100n }))).toMatchObject({ kind: 'unbroken', from: 100n });
  });
});

describe('there is a gap', () => {
  it.each([
    ['on the first start: from the head, with the slot that is there', { after: null }, 'FIRST_START', 200n],
    ['on the first start without a slot: from a new one', { after: null, slot: null }, 'FIRST_START', null],
    ['on another system', { now: { ...now, systemId: '78' } }, 'OTHER_SYSTEM', 90n],
    ['after another kind of source', { after: { epoch: 'x', position: '1' as Position } }, 'OTHER_SYSTEM', 90n],
    ['on another timeline', { now: { ...now, timeline: '2' } }, 'OTHER_TIMELINE', 90n],
    ['when the log ends before what the journal has', { head: 99n }, 'HISTORY_LOST', 90n],
    ['when the slot is gone', { slot: null }, 'SLOT_MISSING', null],
    ['when the slot is lost', { slot: { ...slot, state: 'lost', reason: 'wal_removed' } }, 'SLOT_LOST', null],
    ['when the slot has moved on or was made again', { slot: { ...slot, confirmed: 101n } }, 'SLOT_MOVED', 101n],
    ['when the publication was made anew: the slot is older', { publicationIsNew: true }, 'COVERAGE_CHANGED', null],
    [
      'when tables have changed: nothing needs to be skipped',
      { now: { ...now, coverage: 'def' } },
      'COVERAGE_CHANGED',
      100n,
    ],
    ['when the stream cannot be read: from behind it', { skip: 'unknown kind' }, 'UNREADABLE', 200n],
  ] as const)('%s', (_title, changed, code, from) => {
    expect(continuity(facts(changed))).toMatchObject({ kind: 'broken', code, from });
  });

  it('after a restore to an earlier state positions repeat, so they are of another epoch', () => {
    const first = continuity(facts({ head: 99n }));
    expect(first).toMatchObject({ rewound: 1 });
    const epoch = formatEpoch({ ...now, rewound: 1 });
    expect(continuity(facts({ after: at(95n, epoch) }))).toMatchObject({ kind: 'unbroken', rewound: 1 });
    expect(continuity(facts({ after: at(95n, epoch), head: 94n }))).toMatchObject({ code: 'HISTORY_LOST', rewound: 2 });
    expect(continuity(facts({ after: at(95n, epoch), now: { ...now, timeline: '2' } }))).toMatchObject({ rewound: 0 });
  });
});

it('an epoch is read as it was written', () => {
  for (const rewound of [0, 3]) {
    const parts = { systemId: '7711225469875310028', timeline: '12', coverage: 'dde152b4020e', rewound };
    expect(parseEpoch(formatEpoch(parts))).toEqual(parts);
  }
  for (const wrong of ['', '1', '1:1', 'a:1:ff', '1:1:ff:2']) expect(parseEpoch(wrong)).toBeNull();
});
