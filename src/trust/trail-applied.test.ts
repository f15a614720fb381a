import { describe, expect, it } from 'vitest';
import { at, E, pos, told } from '../../test/support/told-trail.ts';
import { GAP } from '../model/event.ts';
import { Trail } from './trail.ts';

describe('where a source is applied', () => {
  it('follows its commits and its proofs, once the watermark has reached them', () => {
    const { trail, see, echo } = told();
    expect(trail.applied('db')).toBeNull();
    see({ position: 1 });
    see({ position: 2, commit: false });
    see({ position: 2 });
    expect(trail.applied('db')).toBeNull();
    trail.advance(at(1));
    expect(trail.applied('db')).toEqual({ epoch: E, position: pos(1) });
    trail.advance(at(2));
    expect(trail.applied('db')?.position).toBe(pos(1));
    echo(7);
    expect(trail.applied('db')?.position).toBe(pos(1));
    trail.advance(at(3));
    expect(trail.applied('db')?.position).toBe(pos(7));
    echo(5);
    expect(trail.applied('db')?.position).toBe(pos(7));
    echo(8);
    expect(trail.applied('db')?.position).toBe(pos(8));
    see();
    trail.advance(at(4));
    expect(trail.applied('db')?.position).toBe(pos(8));
    expect(trail.applied('app')).toBeNull();
  });

  it('begins where the journal has it, once the watermark is at the head', () => {
    const trail = new Trail({ startAt: at(4) });
    trail.begin('db', { epoch: E, position: pos(3) }, at(4));
    trail.begin('late', { epoch: E, position: pos(3) }, at(6));
    expect([trail.applied('db')?.position, trail.applied('late')]).toEqual([pos(3), null]);
    trail.advance(at(6));
    expect(trail.applied('late')?.position).toBe(pos(3));
  });

  it('goes over to a new epoch, whose positions may be lower', () => {
    const { trail, see } = told();
    see({ position: 9 });
    see({ position: 2, epoch: '7:2:abc', type: GAP });
    trail.advance(at(2));
    expect(trail.applied('db')).toEqual({ epoch: '7:2:abc', position: pos(2) });
  });

  it('waits with a bounded number of places, and is never ahead for it', () => {
    const { trail, echo } = told();
    for (let i = 1; i <= 3_000; i++) echo(i, { at: i });
    echo(2_000, { at: 3_000 });
    trail.advance(at(1_023));
    expect(trail.applied('db')?.position).toBe(pos(1_023));
    trail.advance(at(2_999));
    expect(trail.applied('db')?.position).toBe(pos(1_023));
    trail.advance(at(3_000));
    expect(trail.applied('db')?.position).toBe(pos(3_000));
  });

  it('waits in one place for all that waits for as much, or for less', () => {
    const { trail, echo } = told();
    for (let i = 1; i <= 2_000; i++) echo(i, { at: 5 });
    echo(2_001, { at: 3 });
    echo(2_002, { at: 6 });
    trail.advance(at(4));
    expect(trail.applied('db')).toBeNull();
    trail.advance(at(5));
    expect(trail.applied('db')?.position).toBe(pos(2_001));
  });

  it('has all its places again once the watermark has caught up', () => {
    const { trail, echo } = told();
    for (let i = 1; i <= 2_000; i++) {
      echo(i, { at: i });
      trail.advance(at(i));
    }
    echo(2_001, { at: 2_001 });
    echo(2_002, { at: 2_002 });
    trail.advance(at(2_001));
    expect(trail.applied('db')?.position).toBe(pos(2_001));
  });
});
