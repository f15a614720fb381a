import type { Entry } from '../model/entry.ts';
import type { Offset } from '../model/position.ts';
import type { Feed } from './history.ts';

const PAGE = 1_000;

/**
 * The newest offset at which no transaction is open: the only place where a watermark may begin. An entry of an open
 * transaction is in the journal and not yet visible to readers; a load stamped beyond it would miss it for good.
 */
export async function settledBefore(
  open: readonly Feed[],
  bounds: { readonly first: Offset; readonly head: Offset },
  read: (after: Offset, limit: number) => Promise<readonly Entry[]>,
): Promise<Offset> {
  let settled: number = bounds.head;
  for (const feed of open) {
    let left = feed.count;
    for (let upTo: number = feed.offset; left > 0 && upTo >= bounds.first; upTo -= PAGE) {
      const after = Math.max(bounds.first - 1, upTo - PAGE);
      const page = await read(after as Offset, upTo - after);
      for (const { source, epoch, position, offset } of page.toReversed()) {
        if (source !== feed.source || epoch !== feed.epoch || position !== feed.position) continue;
        settled = Math.min(settled, offset - 1);
        left--;
      }
    }
  }
  return settled as Offset;
}
