import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { Offset } from '../model/position.ts';
import { Settlement } from './settle.ts';

const at = (offset: number): Offset => offset as Offset;

function settlement(watermarks: Readonly<Record<string, number>>): Settlement {
  const made = new Settlement();
  for (const [layer, watermark] of Object.entries(watermarks)) made.add(layer, at(watermark));
  return made;
}

/** What has been called by the time that everything which could go on has gone on. */
async function told(promises: Readonly<Record<string, Promise<unknown>>>): Promise<string[]> {
  const names: string[] = [];
  for (const [name, promise] of Object.entries(promises)) void promise.then(() => names.push(name));
  for (let i = 0; i < 20; i++) await Promise.resolve();
  return names;
}

describe('the watermark of a layer', () => {
  it('never goes back', () => {
    const settled = settlement({ l: 5 });
    settled.advance('l', at(3));
    expect(settled.watermark('l')).toBe(5);
    settled.advance('l', at(6));
    expect(settled.watermark('l')).toBe(6);
    expect(settled.watermark('nobody')).toBe(0);
  });

  it('counts everywhere only once every layer has reached it', () => {
    const settled = settlement({ l: 5, edge: 3, far: 4 });
    expect(settled.everywhere).toBe(3);
    settled.advance('edge', at(9));
    expect(settled.everywhere).toBe(4);
  });

  it('is no obstacle where there is no layer', async () => {
    const settled = new Settlement();
    expect(settled.everywhere).toBe(Number.MAX_SAFE_INTEGER);
    expect(await settled.reached(at(7))).toEqual({});
  });
});

describe('the result of an entry', () => {
  it('is, per layer, what it has come to: never more than happened', () => {
    const settled = settlement({ l: 5, edge: 3 });
    settled.fail('edge', at(4));
    expect(settled.results(at(3))).toEqual({ l: 'applied', edge: 'applied' });
    expect(settled.results(at(4))).toEqual({ l: 'applied', edge: 'failed' });
    expect(settled.results(at(5))).toEqual({ l: 'applied', edge: 'queued' });
    expect(settled.results(at(6))).toEqual({ l: 'queued', edge: 'queued' });
  });

  it('remembers the last thousand failures of each layer', () => {
    const settled = settlement({ l: 2_000, edge: 2_000 });
    settled.fail('edge', at(1));
    for (let offset = 1; offset <= 1_024; offset++) settled.fail('l', at(offset));
    expect(settled.results(at(1))).toEqual({ l: 'failed', edge: 'failed' });
    settled.fail('l', at(1_025));
    expect(settled.results(at(1))).toEqual({ l: 'applied', edge: 'failed' });
    expect(settled.results(at(2))['l']).toBe('failed');
    expect(settled.results(at(1_025))['l']).toBe('failed');
  });
});

describe('who waits for an offset', () => {
  it('is told when the last layer has reached it, with the results, and not before', async () => {
    const settled = settlement({ l: 0, edge: 0 });
    const waits = { two: settled.reached(at(2)), one: settled.reached(at(1)), again: settled.reached(at(2)) };
    settled.advance('l', at(9));
    expect(await told(waits)).toEqual([]);
    settled.advance('edge', at(1));
    expect(await told(waits)).toEqual(['one']);
    settled.fail('edge', at(2));
    settled.advance('edge', at(2));
    expect(await waits.two).toEqual({ l: 'applied', edge: 'failed' });
    expect(await told(waits)).toHaveLength(3);
  });

  it('is told in the order of the offsets, and of asking', async () => {
    const settled = settlement({ l: 0 });
    const order: string[] = [];
    for (const [name, offset] of [
      ['3', 3],
      ['1', 1],
      ['2', 2],
      ['2 again', 2],
    ] as const)
      void settled.reached(at(offset)).then(() => order.push(name));
    settled.advance('l', at(2));
    await told({});
    expect(order).toEqual(['1', '2', '2 again']);
    settled.advance('l', at(3));
    await told({});
    expect(order).toEqual(['1', '2', '2 again', '3']);
  });

  it('is told at once when that has been reached', async () => {
    expect(await settlement({ l: 2 }).reached(at(2))).toEqual({ l: 'applied' });
  });

  it('is told at the end what it has come to by then', async () => {
    const settled = settlement({ l: 1 });
    const waiting = settled.reached(at(2));
    settled.close();
    expect(await waiting).toEqual({ l: 'queued' });
    expect(await settled.reached(at(3))).toEqual({ l: 'queued' });
  });
});

describe('who waits for layers to move on', () => {
  it('is told when all of those named have passed the offset', async () => {
    const settled = settlement({ l: 5, edge: 5, far: 0 });
    const waits = { moved: settled.moved(['l', 'edge'], at(5), new AbortController().signal) };
    settled.advance('l', at(6));
    expect(await told(waits)).toEqual([]);
    settled.advance('edge', at(6));
    expect(await told(waits)).toEqual(['moved']);
  });

  it('is told at once when they have, or when nobody is named', async () => {
    const settled = settlement({ l: 6 });
    const { signal } = new AbortController();
    expect(await told({ l: settled.moved(['l'], at(5), signal), none: settled.moved([], at(9), signal) })).toEqual([
      'l',
      'none',
    ]);
  });

  it('is let go by the signal, also by one that came before', async () => {
    const settled = settlement({ l: 0 });
    const stop = new AbortController();
    const waits = { moved: settled.moved(['l'], at(5), stop.signal) };
    expect(await told(waits)).toEqual([]);
    stop.abort();
    expect(await told(waits)).toEqual(['moved']);
    expect(await told({ late: settled.moved(['l'], at(5), stop.signal) })).toEqual(['late']);
  });

  it('leaves nothing behind on a signal that lives as long as the process', async () => {
    const settled = settlement({ l: 0 });
    const { signal } = new AbortController();
    const moved = settled.moved(['l'], at(1), signal);
    settled.advance('l', at(1));
    settled.advance('l', at(2));
    await moved;
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
