import { beforeEach, describe, expect, it } from 'vitest';
import type { Batch } from '../../model/event.ts';
import { settled, VirtualClock } from '../../runtime/virtual.ts';
import type { SourceItem } from '../source.ts';
import { Echoes } from './echoes.ts';
import { Gate } from './gate.ts';
import { toPosition } from './lsn.ts';
import { Outlet } from './outlet.ts';

let clock: VirtualClock;
let echoes: Echoes;
let outlet: Outlet;
let gate: Gate;
/** What the server would answer. */
let snapshot: string;
let asked: number;
let pauses: string[];
let out: string[];

const batch = (lsn: number, commit = true): Batch => ({
  source: 'db',
  epoch: 'e',
  position: toPosition(BigInt(lsn)),
  first: 0,
  commit,
  events: [],
  receivedAt: 0,
});
const label = (item: SourceItem): string => {
  if (item.kind === 'proof') return `proof ${item.t0}`;
  return item.kind === 'batch'
    ? `${item.batch.commit ? 'commit' : 'part'} ${Number(BigInt(`0x${item.batch.position}`))}`
    : item.kind;
};
const commit = (lsn: number, xid: number, bytes = 1): void => {
  outlet.push({ kind: 'commit', batch: batch(lsn), upTo: BigInt(lsn), bytes, xid });
};
const part = (lsn: number): void => {
  outlet.push({ kind: 'batch', batch: batch(lsn, false), upTo: null, bytes: 1 });
};
/** An echo that was written now, whose answer is there, and that comes back now. */
const echo = (): number => {
  const id = echoes.begin(clock.mono())!;
  echoes.confirm(id);
  outlet.push({ kind: 'echo', id, upTo: 99n });
  return id;
};
const pull = async (): Promise<void> => {
  for (let item = await outlet.next(); item; item = await outlet.next()) out.push(label(item));
};

beforeEach(() => {
  clock = new VirtualClock();
  echoes = new Echoes();
  snapshot = '10:10:';
  asked = 0;
  pauses = [];
  out = [];
  gate = new Gate({
    clock,
    snapshot: () => {
      asked++;
      return Promise.resolve(snapshot);
    },
    changed: () => {
      outlet.reconsider();
    },
    failed: (error) => {
      outlet.fail(error);
    },
  });
  outlet = new Outlet({
    gate,
    echoes,
    epoch: 'e',
    full: () => pauses.push('full'),
    drained: () => pauses.push('drained'),
  });
});

describe('the visibility gate', () => {
  it('holds a commit back until a snapshot sees it, and everything behind it (anomaly A4)', async () => {
    void pull();
    commit(1, 10);
    part(2);
    commit(3, 9);
    await clock.advance(500);
    expect(out).toEqual([]);
    snapshot = '11:11:';
    await clock.advance(20);
    expect(out).toEqual(['commit 1', 'part 2', 'commit 3']);
  });

  it('names the transaction that waits, and no other', async () => {
    expect(outlet.heldBack).toBeNull();
    void pull();
    commit(1, 10);
    commit(2, 11);
    await settled();
    expect(outlet.heldBack).toBe(10);
    snapshot = '11:11:';
    await clock.advance(20);
    expect(outlet.heldBack).toBe(11);
    snapshot = '12:12:';
    await clock.advance(20);
    expect(outlet.heldBack).toBeNull();
  });

  it('lets the first parts of a transaction through, which only invalidate early', async () => {
    void pull();
    part(1);
    commit(2, 10);
    await clock.advance(100);
    expect(out).toEqual(['part 1']);
  });

  it('answers for every commit that waits with one question', async () => {
    void pull();
    for (let i = 0; i < 500; i++) commit(i + 1, 5);
    await settled();
    expect(out).toHaveLength(500);
    expect(asked).toBe(1);
  });

  it('asks less and less often while a standby hangs, and at once for the next commit afterwards', async () => {
    void pull();
    commit(1, 10);
    await clock.advance(10_000);
    expect(asked).toBeLessThan(520);
    snapshot = '12:12:';
    await clock.advance(20);
    const before = asked;
    snapshot = '13:13:';
    await clock.advance(100);
    commit(2, 12);
    await settled();
    expect(out).toEqual(['commit 1', 'commit 2']);
    expect(asked).toBe(before + 1);
  });

  it('ends the stream when its question cannot be answered', async () => {
    snapshot = 'nonsense';
    commit(1, 10);
    await expect(outlet.next()).rejects.toThrow('snapshot');
  });

  it('can be switched off', async () => {
    const open = new Outlet({ gate: null, echoes, epoch: 'e', full: () => undefined, drained: () => undefined });
    open.push({ kind: 'commit', batch: batch(1), upTo: 1n, bytes: 1, xid: 99 });
    expect(await open.next()).toMatchObject({ kind: 'batch' });
  });
});

describe('proofs', () => {
  it('come behind everything that the echo came behind', async () => {
    commit(1, 5);
    echo();
    commit(2, 5);
    void pull();
    await settled();
    expect(out).toEqual(['commit 1', 'proof 0', 'commit 2']);
  });

  it('need the answer to the statement that wrote the echo, in whichever order they come', async () => {
    void pull();
    const id = echoes.begin(7)!;
    outlet.push({ kind: 'echo', id, upTo: 99n });
    commit(1, 5);
    await settled();
    expect(out).toEqual(['commit 1']);
    echoes.confirm(id);
    outlet.reconsider();
    await settled();
    expect(out).toEqual(['commit 1', 'proof 7']);
  });

  it('overtake commits that nobody could see when the echo began', async () => {
    void pull();
    commit(1, 10);
    await clock.advance(50);
    part(2);
    commit(3, 11);
    echo();
    await clock.advance(50);
    expect(out).toEqual(['proof 50']);
  });

  it('never overtake a commit that readers may have seen by then', async () => {
    snapshot = '10:12:10';
    void pull();
    commit(1, 10);
    commit(2, 11);
    echo();
    await clock.advance(200);
    expect(out).toEqual([]);
    snapshot = '12:12:';
    await clock.advance(20);
    expect(out).toEqual(['commit 1', 'commit 2', 'proof 0']);
  });

  it('never overtake on the word of a snapshot that is older than the echo', async () => {
    let answer: ((text: string) => void) | undefined;
    const slow = new Gate({
      clock,
      snapshot: () => new Promise((resolve) => (answer = resolve)),
      changed: () => {
        late.reconsider();
      },
      failed: () => undefined,
    });
    const late: Outlet = new Outlet({
      gate: slow,
      echoes,
      epoch: 'e',
      full: () => undefined,
      drained: () => undefined,
    });
    const taken: string[] = [];
    void (async () => {
      for (let item = await late.next(); item; item = await late.next()) taken.push(label(item));
    })();
    late.push({ kind: 'commit', batch: batch(1), upTo: 1n, bytes: 1, xid: 10 });
    await clock.advance(5);
    const id = echoes.begin(clock.mono())!;
    echoes.confirm(id);
    late.push({ kind: 'echo', id, upTo: 99n });
    answer?.('10:10:');
    await settled();
    expect(taken).toEqual([]);
    await clock.advance(20);
    answer?.('10:10:');
    await settled();
    expect(taken).toEqual(['proof 5']);
  });

  it('are not asked for without bound', () => {
    const ids = [1, 2, 3, 4, 5].map((t) => echoes.begin(t));
    expect(ids.filter((id) => id !== null)).toHaveLength(4);
    echoes.settle(ids[1]!);
    expect(echoes.begin(6)).not.toBeNull();
    echoes.passed(99, 1n);
    echoes.confirm(99);
    expect(echoes.proven()).toBeNull();
  });
});

describe('what waits', () => {
  it('is bounded by bytes: the socket is paused, and resumed when half has gone out', async () => {
    commit(1, 5, 700_000);
    commit(2, 5, 700_000);
    expect(pauses).toEqual(['full']);
    await outlet.next();
    expect(pauses).toEqual(['full']);
    await outlet.next();
    expect(pauses).toEqual(['full', 'drained']);
    expect([outlet.upTo, outlet.empty]).toEqual([2n, true]);
  });

  it('keeps its order however much there is', async () => {
    void pull();
    for (let i = 1; i <= 5_000; i++) {
      commit(i, 5);
      if (i % 700 === 0) await settled();
    }
    await settled();
    expect(out).toEqual(Array.from({ length: 5_000 }, (_, i) => `commit ${i + 1}`));
  });

  it('is dropped when the stream breaks: it comes again', async () => {
    commit(1, 5);
    outlet.fail(new Error('broken'));
    await expect(outlet.next()).rejects.toThrow('broken');
  });

  it('is dropped when the stream is closed', async () => {
    const next = outlet.next();
    outlet.finish();
    expect(await next).toBeNull();
  });
});
