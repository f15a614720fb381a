import { describe, expect, it } from 'vitest';
import type { Observation } from '../../operations.ts';
import { ObservationQueue } from './observation-queue.ts';

const of = (type: Observation['type']): Observation => ({ type, at: 1, fields: {} });

describe('ObservationQueue', () => {
  it('holds up to its bound and counts the rest', () => {
    const queue = new ObservationQueue(4);
    for (let i = 0; i < 7; i++) queue.add(of('plan'));
    expect(queue.take()).toMatchObject({ observations: { length: 4 }, dropped: 3 });
    expect(queue.take()).toEqual({ observations: [], dropped: 0 });
  });

  it('keeps half of its places for what happens rarely', () => {
    const queue = new ObservationQueue(4);
    for (let i = 0; i < 1_000; i++) queue.add(of('cache:hit'));
    queue.add(of('dead-letter'));
    const { observations, dropped } = queue.take();
    expect(observations.map(({ type }) => type)).toEqual(['cache:hit', 'cache:hit', 'dead-letter']);
    expect(dropped).toBe(998);
  });

  it('is ready as soon as there is something, also when that came before the question', async () => {
    const queue = new ObservationQueue(4);
    const { signal } = new AbortController();
    const ready = queue.ready(signal);
    queue.add(of('plan'));
    await ready;
    await queue.ready(signal);
  });

  it('stops waiting when the signal aborts', async () => {
    const over = new AbortController();
    const ready = new ObservationQueue(4).ready(over.signal);
    over.abort();
    await ready;
  });
});
