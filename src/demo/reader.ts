import type { Cache, LoadContext, Receipt } from '../index.ts';
import type { Clock } from '../runtime/runtime.ts';
import { keyOf, tagOf, type Product } from './product.ts';
import type { Shop } from './shop.ts';
import type { Timeline } from './timeline.ts';
import type { UnfencedCache } from './unfenced.ts';

/** What the page shows of one read. */
export interface View {
  readonly product: Product;
  readonly hit: boolean;
  readonly layer: string;
  readonly asOf: number;
  readonly maxAgeMs: number;
  readonly trust: string;
  readonly reason: string;
  readonly tookMs: number;
  /** What a plain Map with the same TTL and the same evictions holds for this key; `null`: nothing. */
  readonly unfenced: Product | null;
}

export interface ReaderParts {
  readonly shop: Shop;
  readonly cache: Cache<Product, Receipt>;
  readonly unfenced: UnfencedCache<Product>;
  readonly timeline: Timeline;
  readonly clock: Clock;
}

/** An in-process database answers in microseconds; a real one takes about this long, and a hit should feel like one. */
const QUERY_MS = 40;

/** The shop's reads: through Tidemark, as a program would, and through the plain Map beside it. */
export class Reader {
  readonly #parts: ReaderParts;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
  }

  async read(id: number): Promise<View> {
    const { cache, unfenced, timeline, clock } = this.#parts;
    const startedAt = clock.mono();
    const got = await cache.read({
      key: keyOf(id),
      tags: [tagOf(id)],
      factory: ({ signal }) => this.query(id, QUERY_MS, signal),
    });
    const tookMs = clock.mono() - startedAt;
    timeline.read(got.value, { ...got, tookMs });
    if (got.layer === 'source') await unfenced.getOrSet(keyOf(id), () => Promise.resolve(got.value));
    return {
      product: got.value,
      hit: got.layer !== 'source',
      layer: got.layer,
      asOf: got.asOf,
      maxAgeMs: got.maxAgeMs,
      trust: got.trust,
      reason: got.reason,
      tookMs,
      unfenced: unfenced.peek(keyOf(id))?.value ?? null,
    };
  }

  /** Takes what the row holds now, and is slow to bring it: what a query over a busy network does. */
  async query(id: number, forMs: number, signal: LoadContext['signal']): Promise<Product> {
    const row = this.#parts.shop.product(id);
    if (!row) throw new Error(`there is no product ${id}`);
    await this.#parts.clock.sleep(forMs, signal);
    return row;
  }
}
