import { euros, type Change, type Product } from './product.ts';
import type { Shop, Written } from './shop.ts';
import type { Timeline } from './timeline.ts';

/** The shop's writes, each the beginning of a story. */
export class Writer {
  readonly #shop: Shop;
  readonly #timeline: Timeline;

  constructor(shop: Shop, timeline: Timeline) {
    this.#shop = shop;
    this.#timeline = timeline;
  }

  /** `null`: there is no such product. */
  write(id: number, change: Change): Written | null {
    const now = this.#shop.product(id);
    if (!now) return null;
    return this.writeInto(this.#timeline.begin(id, `${now.name}: ${changes(now, { ...now, ...change })}`), id, change);
  }

  /** The write as a step of a story that has begun. */
  writeInto(story: number, id: number, change: Change): Written {
    const written = this.#shop.write(id, change);
    if (!written) throw new Error(`there is no product ${id}`);
    const { before, after, eventId } = written;
    this.#timeline.committed(story, eventId, `${changes(before, after)}, and a row in the outbox, in one transaction`);
    return written;
  }
}

function changes(before: Product, after: Product): string {
  const changed: string[] = [];
  if (before.priceCents !== after.priceCents) changed.push(`${euros(before.priceCents)} → ${euros(after.priceCents)}`);
  if (before.category !== after.category) changed.push(`${before.category} → ${after.category}`);
  return changed.join(', ') || 'saved unchanged';
}

/** What a held value is, seen from the truth. */
export function describe(held: Product, truth: Product): string {
  return held.priceCents === truth.priceCents
    ? 'which is true'
    : `which has been wrong since the write: ${euros(truth.priceCents)} is true`;
}
