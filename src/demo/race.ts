import { euros, keyOf, tagOf, type Product } from './product.ts';
import type { Reader, ReaderParts } from './reader.ts';
import { describe, type Writer } from './writer.ts';

/** How slow the reader is: a query that met a lock, or a pause of the process, takes this long. */
const SLOW_MS = 1_500;

/** Far enough into the load that everyone sees which came first. */
const WRITE_AFTER_MS = 400;

export interface RaceResult {
  readonly productId: number;
  /** What the write made true. */
  readonly truth: Product;
  /** What the next reader gets of each cache. */
  readonly tidemark: Product;
  readonly unfenced: Product;
  readonly unfencedForMs: number;
}

/**
 * The race that a delete alone loses:
 *
 *     reader  ── reads the old row ─────────────────────────── stores it
 *     writer            ── commits ── event ── deletes the key
 *
 * Both caches get the same load, the same write and the same delete.
 */
export async function race(
  parts: ReaderParts & { readonly reader: Reader; readonly writer: Writer },
  id: number,
): Promise<RaceResult> {
  const { cache, unfenced, timeline, clock, reader, writer, shop } = parts;
  const key = keyOf(id);
  const before = shop.product(id);
  if (!before) throw new Error(`there is no product ${id}`);
  const story = timeline.begin(id, `A slow reader races a write of ${before.name}`);

  await (
    await cache.delete({ key })
  ).applied;
  unfenced.delete(key);
  timeline.step(story, 'prepared', `${key} is taken out of both caches, so that the reader has to load it`);

  const loaded = cache.read({
    key,
    tags: [tagOf(id)],
    factory: ({ signal, stamp }) => {
      timeline.step(
        story,
        'load began',
        `the reader has the old row, ${euros(before.priceCents)}, and is slow; stamp #${stamp}`,
      );
      return reader.query(id, SLOW_MS, signal);
    },
  });
  const loadedUnfenced = unfenced.getOrSet(key, async () => (await loaded).value);
  await clock.sleep(WRITE_AFTER_MS);

  const change = { priceCents: before.priceCents + (before.priceCents % 200 < 100 ? 100 : -100) };
  const written = writer.writeInto(story, id, change);
  const late = (await loaded).value;
  await loadedUnfenced;
  timeline.step(story, 'plain map', `has stored the late value: ${euros(late.priceCents)}`);

  const next = await reader.read(id);
  const plain = unfenced.peek(key);
  const held = plain?.value ?? next.product;
  timeline.step(story, 'plain map', `would serve ${euros(held.priceCents)} now, ${describe(held, written.after)}`);
  return {
    productId: id,
    truth: written.after,
    tidemark: next.product,
    unfenced: held,
    unfencedForMs: plain?.forMs ?? 0,
  };
}
