import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Offset } from '../model/position.ts';
import { OpenTransactions } from './open-transactions.ts';

const at = (offset: number): Offset => offset as Offset;

describe('the watermark', () => {
  it('stands before the first part of the oldest open transaction, whatever came between', () => {
    const open = new OpenTransactions(() => true);
    open.see({ source: 'db', commit: false, offset: at(4) });
    open.see({ source: 'app', commit: true, offset: at(5) });
    open.see({ source: 'other', commit: false, offset: at(6) });
    open.see({ source: 'db', commit: false, offset: at(7) });
    expect(open.settled(at(7))).toBe(3);
    open.see({ source: 'db', commit: true, offset: at(8) });
    expect(open.settled(at(8))).toBe(5);
    open.see({ source: 'other', commit: true, offset: at(9) });
    expect(open.settled(at(9))).toBe(9);
  });

  it('does not pass the part that was read last', () => {
    const open = new OpenTransactions(() => true);
    open.see({ source: 'db', commit: false, offset: at(4) });
    expect(open.settled(at(4))).toBe(3);
    expect(open.settled(at(3))).toBe(3);
    expect(open.settled(at(2))).toBe(2);
  });

  it('names the oldest, which the watermark stands before', () => {
    const open = new OpenTransactions(() => true);
    expect(open.oldest).toBeNull();
    for (const [offset, source] of [
      [4, 'a'],
      [5, 'b'],
    ] as const)
      open.see({ source, commit: false, offset: at(offset) });
    expect(open.oldest).toEqual({ source: 'a', from: 4 });
    open.see({ source: 'a', commit: true, offset: at(6) });
    open.see({ source: 'a', commit: false, offset: at(7) });
    expect(open.oldest).toEqual({ source: 'b', from: 5 });
  });

  it('does not wait for a source that is no longer read', () => {
    const open = new OpenTransactions((source) => source !== 'gone');
    open.see({ source: 'gone', commit: false, offset: at(1) });
    expect(open.settled(at(1))).toBe(1);
  });

  it('is never beyond an entry whose transaction has not ended, for any history', () => {
    const part = fc.record({ source: fc.constantFrom('a', 'b', 'c'), commit: fc.boolean() });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
        const open = new OpenTransactions(() => true);
        parts.forEach((one, i) => open.see({ ...one, offset: at(i + 1) }));
        const settled = open.settled(at(parts.length));
        const ended = ({ source }: { source: string }, from: number): boolean =>
          parts.slice(from).some((later) => later.source === source && later.commit);
        expect(parts.slice(0, settled).every(ended)).toBe(true);
        expect(settled === parts.length || !ended(parts[settled]!, settled)).toBe(true);
      }),
    );
  });
});
