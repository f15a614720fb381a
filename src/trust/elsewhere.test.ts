import { describe, expect, it } from 'vitest';
import type { Offset, Position } from '../model/position.ts';
import { Elsewhere } from './elsewhere.ts';

const at = (offset: number): Offset => offset as Offset;
const pos = (n: number): Position => String(n).padStart(6, '0') as Position;

/** The journal had 5 entries before this process began; echo number `n` lies at `n` and came back at `n`, as one more was in it. */
function told(echoes: number) {
  const elsewhere = new Elsewhere(at(5));
  let last = 0;
  const echo = (t0 = last, epoch = 'e'): void => {
    last++;
    elsewhere.echoed('db', { epoch, position: pos(last) }, { t0, now: last, head: at(5 + last) });
  };
  for (let i = 0; i < echoes; i++) echo();
  /** What a reader that has got the echo at `position` is known to have got of others. */
  const lower = (position = last) => elsewhere.lower(at(9_999), 'db', pos(position));
  return { elsewhere, echo, lower };
}

describe('a reader of a source has got of what others announced', () => {
  it('what the journal had before the newest echo that it has got was written', () => {
    const { elsewhere, echo, lower } = told(3);
    elsewhere.see('app', at(8));
    expect([1, 2, 3].map((position) => lower(position))).toEqual([5, 6, 7]);
    echo(3);
    expect([3, 4].map((position) => lower(position))).toEqual([7, 9_999]);
  });

  it('nothing, when nothing is known of its source', () => {
    const elsewhere = new Elsewhere(at(0));
    expect(elsewhere.lower(at(3), 'db', pos(1))).toBe(3);
    elsewhere.see('app', at(1));
    expect(elsewhere.lower(at(3), 'db', pos(1))).toBeNull();
    expect(elsewhere.lower(at(3), 'app', pos(1))).toBe(3);
  });

  it('what the one that announced last did, whichever that was', () => {
    const { elsewhere, echo, lower } = told(0);
    elsewhere.see('app', at(6));
    elsewhere.see('web', at(7));
    elsewhere.see('app', at(8));
    echo(0);
    echo(1);
    expect(lower()).toBe(6);
  });
});

describe('what an echo covers is known', () => {
  it('when it was written no longer ago than 64 heads of the journal', () => {
    const written = (echoes: number, t0: number) => {
      const { echo, lower } = told(echoes);
      echo(t0);
      return lower();
    };
    // Nobody else has announced anything but what the journal had at the start.
    expect(written(63, 0.5)).toBe(9_999);
    expect(written(64, 0.5)).toBe(0);
    expect(written(64, 1)).toBe(9_999);
    expect(written(65, 1)).toBe(0);
    expect(written(65, 2)).toBe(9_999);
  });

  it('of 1,024 echoes; with one more the older half is forgotten', () => {
    const { echo, lower } = told(1_024);
    expect(lower(1)).toBe(9_999);
    echo();
    expect([lower(512), lower(513)]).toEqual([null, 9_999]);
  });

  it('of the newest epoch only', () => {
    const { echo, lower } = told(3);
    echo(3, 'e2');
    expect([lower(3), lower(4)]).toEqual([null, 9_999]);
    echo(4, 'e2');
    expect([lower(4), lower(5)]).toEqual([9_999, 9_999]);
  });
});
