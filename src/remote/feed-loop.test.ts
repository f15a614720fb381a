import { describe, expect, it } from 'vitest';
import type { FeedFrame } from '../model/feed.ts';
import type { TimeQuestion } from '../model/member.ts';
import type { Offset } from '../model/position.ts';
import { virtualRuntime } from '../runtime/virtual.ts';
import { FeedLoop } from './feed-loop.ts';
import { DaemonRefusal } from './refusal.ts';
import type { FeedTransport } from './transport.ts';

const HELLO: FeedFrame = {
  kind: 'hello',
  version: 1,
  epoch: 'j',
  clock: 'c',
  after: 0 as Offset,
  reset: false,
  head: 0 as Offset,
  sources: [],
  namespaces: [],
};
const refusal = (status: number): DaemonRefusal => new DaemonRefusal({ code: 'X', message: 'no', hint: '', status });

interface Loop {
  readonly loop: FeedLoop;
  readonly runtime: ReturnType<typeof virtualRuntime>;
  readonly questions: readonly TimeQuestion[];
}

/** A daemon that refuses the first attempts, each with a status, and then greets. */
function loopOf(...refusals: readonly number[]): Loop {
  const runtime = virtualRuntime();
  const left = [...refusals];
  const questions: TimeQuestion[] = [];
  const nothing = (): Promise<never> => Promise.reject(new Error('not asked'));
  const transport: FeedTransport = {
    place: 'here',
    // eslint-disable-next-line @typescript-eslint/require-await -- the seam is asynchronous
    async *frames() {
      const status = left.shift();
      if (status !== undefined) throw refusal(status);
      yield HELLO;
    },
    time: (question) => {
      questions.push(question);
      return Promise.resolve({ clock: 'c', now: 0 });
    },
    leave: () => Promise.resolve(),
    invalidate: nothing,
    emit: nothing,
    position: nothing,
    close: () => Promise.resolve(),
  };
  const loop = new FeedLoop(transport, runtime, { name: 'here', limits: {}, signal: new AbortController().signal });
  return { loop, runtime, questions };
}

describe('the first attempts', () => {
  it('go on while the daemon is full or not ready yet', async () => {
    const { loop, runtime } = loopOf(503, 429, 503);
    await runtime.clock.advance(10_000);
    expect((await loop.begun).from.epoch).toBe('j');
  });

  it('end when the daemon refuses what would be no other the next time', async () => {
    const { loop, runtime } = loopOf(503, 403);
    const begun = expect(loop.begun).rejects.toMatchObject({ status: 403 });
    await runtime.clock.advance(10_000);
    await begun;
  });

  it('are given up with what was said last', async () => {
    const { loop, runtime } = loopOf(...Array.from({ length: 100 }, () => 503));
    const begun = expect(loop.begun).rejects.toMatchObject({ status: 503 });
    await runtime.clock.advance(1_000);
    loop.giveUp();
    await begun;
  });
});

it('asks for the time by the clock of whoever feeds it, which need not be who is asked', async () => {
  const { loop, runtime, questions } = loopOf();
  await runtime.clock.advance(100);
  await loop.begun;
  expect(questions[0]).toMatchObject({ name: 'here', epoch: 'j', clock: 'c' });
});
