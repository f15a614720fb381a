import { afterEach, describe, expect, it, vi } from 'vitest';
import { batch, rigOfEachTest } from '../../test/support/pipeline.ts';
import type { Offset } from '../model/position.ts';
import { FeedPages, type FedPage } from './feed-pages.ts';
import { ProofBoard } from './proof-board.ts';

const on = rigOfEachTest();
const end = new AbortController();
const START: FedPage = { frames: [], cursor: 0 as Offset, posted: 0 };

const feed = (): FeedPages => new FeedPages({ journal: on.journal, proofs: new ProofBoard(), runtime: on.runtime });
const send = (n: number): Promise<unknown> => on.intake.accept(batch(n));
const offsets = ({ frames }: FedPage): number[] =>
  frames.flatMap((frame) => (frame.kind === 'page' ? frame.entries.map(({ offset }) => offset) : []));

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a page for those who are fed', () => {
  it('is read and made once for all who are as far, and for each who is not', async () => {
    const pages = feed();
    await send(1);
    await send(2);
    const read = vi.spyOn(on.journal, 'read');
    const [one, other, ahead] = await Promise.all([
      pages.next(START.cursor, 0),
      pages.next(START.cursor, 0),
      pages.next(1 as Offset, 0),
    ]);
    expect(one.frames[0]).toBe(other.frames[0]);
    expect([offsets(one), offsets(ahead)]).toEqual([[1, 2], [2]]);
    expect(read).toHaveBeenCalledTimes(2);
  });

  it('is made anew when there is more to tell', async () => {
    const pages = feed();
    await send(1);
    await pages.next(START.cursor, 0);
    await send(2);
    expect(offsets(await pages.next(START.cursor, 0))).toEqual([1, 2]);
  });

  it('that could not be read is read again by whoever asks next', async () => {
    const pages = feed();
    await send(1);
    vi.spyOn(on.journal, 'read').mockRejectedValueOnce(new Error('a moment ago'));
    await expect(pages.next(START.cursor, 0)).rejects.toThrow('a moment ago');
    expect(offsets(await pages.next(START.cursor, 0))).toEqual([1]);
  });

  it('goes at once when it comes alone, and waits for company behind another', async () => {
    const pages = feed();
    await send(1);
    await pages.news(START, end.signal);
    const first = await pages.next(START.cursor, 0);
    await send(2);
    const next = (): Promise<FedPage> =>
      pages.news(first, end.signal).then(() => pages.next(first.cursor, first.posted));
    const waits = [next(), next()];
    await on.runtime.clock.advance(1);
    await send(3);
    await on.runtime.clock.advance(1);
    const [one, other] = await Promise.all(waits);
    expect(offsets(one!)).toEqual([2, 3]);
    expect(one!.frames[0]).toBe(other!.frames[0]);
  });

  it('comes without anything to tell when it is time to say that one lives', async () => {
    const pages = feed();
    const news = pages.news(START, end.signal);
    await on.runtime.clock.advance(250);
    await news;
    expect(offsets(await pages.next(START.cursor, 0))).toEqual([]);
  });

  it('is no longer waited for by whoever goes', async () => {
    const going = new AbortController();
    const news = feed().news(START, going.signal);
    going.abort();
    await news;
    await feed().news(START, going.signal);
  });
});
