import { getEventListeners } from 'node:events';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Offset } from '../model/position.ts';
import { virtualRuntime, type VirtualRuntime } from '../runtime/virtual.ts';
import { Elsewhere } from './elsewhere.ts';
import type { Said } from './members.ts';

const at = (offset: number): Offset => offset as Offset;
const says = (id: string, watermark: number): Said => ({
  id,
  name: id,
  role: 'process',
  watermark: at(watermark),
  how: 'asked',
});

let runtime: VirtualRuntime;
let elsewhere: Elsewhere;
let closing: AbortController;

const made = (hadOthers = false): Elsewhere => new Elsewhere({ clock: runtime.clock, leaseMs: 3_000, hadOthers });
/** When it has been reached, by the clock of its maker; `null`: not yet. */
function reached(offset: number): { at: number | null } {
  const told: { at: number | null } = { at: null };
  void elsewhere.reached(at(offset), closing.signal).then(() => (told.at = runtime.clock.mono()));
  return told;
}

beforeEach(() => {
  runtime = virtualRuntime();
  elsewhere = made();
  closing = new AbortController();
});

describe('an entry', () => {
  it('is elsewhere at once when there is nobody', async () => {
    const told = reached(7);
    await runtime.clock.advance(0);
    expect(told.at).toBe(0);
  });

  it('is elsewhere once the last of those who are live has it', async () => {
    elsewhere.report(says('a', 3));
    elsewhere.report(says('b', 7));
    const told = reached(7);
    await runtime.clock.advance(100);
    elsewhere.report(says('b', 8));
    await runtime.clock.advance(100);
    expect(told.at).toBeNull();
    elsewhere.report(says('a', 7));
    await runtime.clock.advance(0);
    expect(told.at).toBe(200);
    expect(elsewhere.results(at(7), 0)).toMatchObject([
      { id: 'b', result: 'applied' },
      { id: 'a', result: 'applied' },
    ]);
  });

  it('waits for nobody who has left, and for a silent one until its lease ends', async () => {
    elsewhere.report(says('a', 3));
    elsewhere.report(says('b', 3));
    const told = reached(7);
    await runtime.clock.advance(1_000);
    elsewhere.report(says('b', 3));
    elsewhere.leave('a');
    await runtime.clock.advance(2_999);
    expect(told.at).toBeNull();
    await runtime.clock.advance(1);
    expect(told.at).toBe(4_000);
    expect(elsewhere.results(at(7), 0).map(({ id, result }) => [id, result])).toEqual([
      ['a', 'left'],
      ['b', 'gone'],
    ]);
  });

  it('waits for one who came after it, and came with a cache from before', async () => {
    elsewhere.report(says('a', 3));
    const told = reached(7);
    elsewhere.report(says('b', 3));
    elsewhere.report(says('a', 7));
    await runtime.clock.advance(100);
    expect(told.at).toBeNull();
    elsewhere.report(says('b', 7));
    await runtime.clock.advance(0);
    expect(told.at).toBe(100);
  });

  it('is not said to be everywhere before those from before the start could be heard', async () => {
    elsewhere = made(true);
    const told = reached(7);
    await runtime.clock.advance(2_000);
    elsewhere.report(says('a', 3));
    expect(elsewhere.results(at(7), 0).map(({ id, result }) => [id, result])).toEqual([
      ['a', 'waiting'],
      ['', 'waiting'],
    ]);
    await runtime.clock.advance(1_500);
    expect(told.at).toBeNull();
    elsewhere.report(says('a', 7));
    await runtime.clock.advance(0);
    expect(told.at).toBe(3_500);
    expect(elsewhere.results(at(7), 0).map(({ id }) => id)).toEqual(['a']);
  });

  it('is waited for no longer than its signal says, and nothing is left of that', async () => {
    elsewhere.report(says('a', 3));
    const told = reached(7);
    await runtime.clock.advance(100);
    closing.abort();
    await runtime.clock.advance(0);
    expect(told.at).toBe(100);
    expect(getEventListeners(closing.signal, 'abort')).toEqual([]);
  });
});

describe('what an operator is told', () => {
  it('is who is there, and who fell silent by now', async () => {
    elsewhere.report(says('a', 3));
    await runtime.clock.advance(3_000);
    expect(elsewhere.status(at(9))).toMatchObject([{ id: 'a', state: 'gone', behind: 6, heardMsAgo: 3_000 }]);
  });

  it('is false where there is no room', () => {
    for (let n = 0; n < 10_000; n++) elsewhere.report(says(`${n}`, 1));
    expect(elsewhere.report(says('a', 1))).toBe(false);
  });
});

describe('what must not overtake the caches of other processes', () => {
  /** What an outer layer may apply, once it may go on behind 3, where everything here is at 7. */
  function beyond(): { at: number | null } {
    const told: { at: number | null } = { at: null };
    void elsewhere.moved(at(3), at(7), closing.signal).then(() => (told.at = elsewhere.watermark));
    return told;
  }

  it('goes on as far as the last of them, and without them when there are none', async () => {
    expect(elsewhere.watermark).toBe(Number.MAX_SAFE_INTEGER);
    elsewhere.report(says('a', 3));
    elsewhere.report(says('b', 7));
    const told = beyond();
    await runtime.clock.advance(100);
    expect(told.at).toBeNull();
    elsewhere.report(says('a', 5));
    await runtime.clock.advance(0);
    expect(told.at).toBe(5);
  });

  it('waits for a silent one until its lease ends', async () => {
    elsewhere.report(says('a', 3));
    elsewhere.report(says('b', 7));
    await runtime.clock.advance(1_000);
    elsewhere.report(says('b', 7));
    const told = beyond();
    await runtime.clock.advance(1_999);
    expect(told.at).toBeNull();
    await runtime.clock.advance(1);
    expect(told.at).toBe(7);
  });

  it('waits for one that is heard and does not come on for one lease, then for it no more until it has', async () => {
    const told = beyond();
    await runtime.clock.advance(0);
    expect(told.at).toBe(Number.MAX_SAFE_INTEGER);
    elsewhere.report(says('a', 3));
    const held = beyond();
    for (let ms = 0; ms < 2_900; ms += 100) {
      await runtime.clock.advance(100);
      elsewhere.report(says('a', 3));
    }
    expect(held.at).toBeNull();
    await runtime.clock.advance(100);
    expect(held.at).toBe(Number.MAX_SAFE_INTEGER);
    elsewhere.report(says('a', 6));
    expect(elsewhere.watermark).toBe(Number.MAX_SAFE_INTEGER);
    elsewhere.report(says('a', 7));
    expect(elsewhere.watermark).toBe(7);
  });

  it('waits no longer than its signal says', async () => {
    elsewhere.report(says('a', 3));
    const told = beyond();
    closing.abort();
    await runtime.clock.advance(0);
    expect(told.at).toBe(3);
  });
});
