import type { PlannedBatch } from '../src/model/entry.ts';
import type { Position } from '../src/model/position.ts';

export interface BatchShape {
  readonly first: number;
  readonly size: number;
  /** 172 characters of an event of about 300 bytes; what they are decides what compression makes of it. */
  readonly nameOf: (n: number) => string;
  /** Default: by a position, as a database's log. */
  readonly isOrdered?: boolean;
}

/** Changes of products, as a database's log brings them, and what they end. */
export function batchOf({ first, size, nameOf, isOrdered = true }: BatchShape): PlannedBatch {
  const numbers = Array.from({ length: size }, (_, index) => first + index);
  return {
    source: 'shop-db',
    epoch: '7123456789012345678/1',
    position: isOrdered ? (first.toString(16).padStart(16, '0') as Position) : null,
    first: 0,
    commit: true,
    events: numbers.map((n) => ({
      id: `0/${(n + 0x1a2b3c4d).toString(16)}`,
      type: 'product.updated',
      source: 'shop-db',
      data: { product_id: n, name: nameOf(n), price: 12.5, tags: ['a', 'b'] },
    })),
    plans: numbers.map((n) => ({
      contractHash: 'a1b2c3d4e5f60718',
      actions: [
        { kind: 'delete_key', target: `product:${String(n)}`, contract: 'products' },
        { kind: 'purge_tag', target: `product-${String(n)}`, contract: 'products' },
      ],
      problems: [],
    })),
    receivedAt: 1_767_225_600_000 + first,
  };
}
