import { Cache } from '../../src/client/cache.ts';
import type { Factory, ReadOptions } from '../../src/client/options.ts';
import type { Counts } from '../../src/client/parts.ts';
import { MemoryStore, type Shelf } from '../../src/layers/memory/store.ts';
import { ORIGIN, type Offset } from '../../src/model/position.ts';
import { realRuntime } from '../../src/runtime/real.ts';
import { NEVER, Proofs } from '../../src/trust/proofs.ts';

/** One tag of its own and two that it shares, as an article has its id, its category and its brand. */
const CATEGORIES = 1_000;
const BRANDS = 100;

export const MAX_STALENESS_MS = 10_000;

export interface Article {
  readonly id: number;
  /** One, which nobody but the article knows: a loop that goes on by it has to wait for the article. */
  readonly step: number;
  readonly price: number;
  readonly name: string;
}

export function article(id: number): Article {
  return { id, step: 1, price: id % 1_000, name: 'an article' };
}

export function keyOf(id: number): string {
  return `article:${String(id)}`;
}

export function tagsOf(id: number): readonly string[] {
  return [`article-${String(id)}`, `category-${String(id % CATEGORIES)}`, `brand-${String(id % BRANDS)}`];
}

/** A namespace of articles under a bound, in a memory layer with room for all, on the machine's own clocks. */
export class Shop {
  readonly runtime = realRuntime();
  readonly store: MemoryStore;
  readonly shelf: Shelf = { name: 'article', provenAt: NEVER };
  readonly counts: Counts = { hits: 0, misses: 0, uncertain: 0, stored: 0, refused: 0, skipped: 0 };
  readonly cache: Cache<Article, null>;
  readonly #proofs = new Proofs();
  #watermark: Offset = ORIGIN;

  constructor(maxEntries: number) {
    this.store = new MemoryStore(ORIGIN, { maxEntries, maxBytes: Infinity });
    this.cache = new Cache<Article, null>({
      store: this.store,
      shelf: this.shelf,
      policy: {
        name: 'article',
        ttlMs: 24 * 3_600_000,
        jitter: 0,
        maxStalenessMs: MAX_STALENESS_MS,
        whenUncertain: 'bypass',
        provable: true,
      },
      counts: this.counts,
      runtime: this.runtime,
      observer: { active: false, tell: () => undefined },
      layer: 'local',
      closing: new AbortController().signal,
      invalidate: () => Promise.resolve(null),
    });
  }

  request(id: number, factory: Factory<Article>): ReadOptions<Article> {
    return { key: keyOf(id), tags: tagsOf(id), factory };
  }

  /** Everything that readers of the source see now is applied here. */
  prove(): void {
    this.#proofs.add(this.#watermark, this.runtime.clock.mono());
    this.shelf.provenAt = this.#proofs.provenAt;
  }

  /** Ends a tag that no entry carries: each entry has to look at its tags again. */
  purge(): void {
    const at = (this.#watermark + 1) as Offset;
    this.#watermark = at;
    this.store.apply([{ action: { kind: 'purge_tag', target: 'nobody' }, at }], at);
    this.#proofs.advance(at);
  }
}
