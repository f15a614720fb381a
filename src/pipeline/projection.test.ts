import { beforeEach, describe, expect, it } from 'vitest';
import { at, batch, event, rigOfEachTest } from '../../test/support/pipeline.ts';
import type { Offset } from '../model/position.ts';
import { settled } from '../runtime/virtual.ts';
import { Intake } from './intake.ts';
import { Projection } from './projection.ts';
import { Refreshes } from './refresh.ts';

const on = rigOfEachTest();

describe('a projection', () => {
  const done: Offset[] = [];
  const make = (refresh: () => Promise<void> | void, attempts = 3): Projection =>
    new Projection({
      name: 'p',
      refresh,
      debounceMs: 200,
      timeoutMs: 1_000,
      attempts,
      runtime: on.runtime,
      done: (upTo) => done.push(upTo),
      gaveUp: async (upTo, tries, error) => {
        await on.journal.deadLetters.put({
          offset: upTo,
          source: '',
          stage: 'projection:p',
          code: 'X',
          message: String(error),
          event: null,
          action: null,
          attempts: tries,
          at: 0,
        });
      },
    });
  beforeEach(() => {
    done.length = 0;
  });

  it('is refreshed once for requests within the debounce, counted from the first', async () => {
    let runs = 0;
    const projection = make(() => void runs++);
    for (let i = 1; i <= 5; i++) {
      projection.ask(at(i));
      await on.runtime.clock.advance(30);
    }
    expect(runs).toBe(0);
    await on.runtime.clock.advance(60);
    expect([runs, done]).toEqual([1, [5]]);
  });

  it('is never refreshed twice at once, and again after a request that came meanwhile', async () => {
    let running = 0;
    let most = 0;
    let runs = 0;
    const finish: (() => void)[] = [];
    const projection = make(async () => {
      runs++;
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => finish.push(resolve));
      running--;
    });
    projection.ask(at(1));
    await on.runtime.clock.advance(200);
    projection.ask(at(2));
    // Beyond its timeout it is told to stop, and still waited for.
    await on.runtime.clock.advance(5_000);
    expect([runs, projection.report.running, projection.report.pending]).toEqual([1, true, true]);
    finish[0]?.();
    await on.runtime.clock.advance(300);
    finish[1]?.();
    await settled();
    expect([runs, most, done]).toEqual([2, 1, [1, 2]]);
  });

  it('is tried again, then becomes a dead letter and lets the rest go on', async () => {
    let runs = 0;
    const projection = make(() => {
      runs++;
      throw new Error('503');
    });
    projection.ask(at(1));
    await on.runtime.clock.advance(5_000);
    expect([runs, done]).toEqual([3, [1]]);
    expect(await on.journal.deadLetters.list()).toMatchObject([{ offset: 1, attempts: 3, message: 'Error: 503' }]);
    expect(projection.report).toMatchObject({ failures: 3, lastError: '503', running: false });
  });

  it('stops when it closes, and has not done what it did not do', async () => {
    const projection = make(
      () =>
        new Promise<void>((_, reject) => {
          on.runtime.clock.after(100, () => {
            reject(new Error('late'));
          });
        }),
    );
    projection.ask(at(1));
    await on.runtime.clock.advance(250);
    const closing = projection.close();
    await on.runtime.clock.advance(100);
    await closing;
    expect(done).toEqual([]);
  });

  it('keeps its place in the journal before the oldest request that is not done', async () => {
    const refreshing: (() => void)[] = [];
    const intake = new Intake({
      journal: on.journal,
      runtime: on.runtime,
      observers: on.observers,
      plan: ({ id }) => ({
        contractHash: 'h',
        problems: [],
        actions: [{ kind: 'refresh_projection', target: id.startsWith('p') ? 'p' : 'gone', contract: 'c' }],
      }),
    });
    const projection: Projection = new Projection({
      name: 'p',
      refresh: () => new Promise<void>((resolve) => refreshing.push(resolve)),
      debounceMs: 200,
      timeoutMs: 60_000,
      attempts: 1,
      runtime: on.runtime,
      done: (upTo) => {
        refreshes.done('p', upTo);
      },
      gaveUp: () => Promise.resolve(),
    });
    const inner = {
      watermark: () => on.journal.head,
      moved: (after: Offset, signal: AbortSignal) => on.journal.changed(after, signal),
    };
    const refreshes = new Refreshes({ journal: on.journal, runtime: on.runtime, inner }, new Map([['p', projection]]));
    void refreshes.run(on.stop.signal);
    for (const [n, id] of [
      [1, 'other'],
      [2, 'p1'],
      [3, 'other2'],
    ] as const)
      await intake.accept(batch(n, { events: [event(id)] }));
    await on.runtime.clock.advance(200);
    expect(await on.journal.cursor('projections')).toBe(1);
    await intake.accept(batch(4, { events: [event('p2')] }));
    await settled();
    refreshing[0]?.();
    await settled();
    expect(await on.journal.cursor('projections')).toBe(2);
    await on.runtime.clock.advance(200);
    refreshing[1]?.();
    await settled();
    expect(await on.journal.cursor('projections')).toBe(4);
  });
});
