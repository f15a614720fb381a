export interface Product {
  readonly id: number;
  readonly name: string;
  readonly category: string;
  readonly priceCents: number;
}

/** What a person changed. What is absent stays. */
export interface Change {
  readonly priceCents?: number;
  readonly category?: string;
}

export const CATEGORIES = ['Kitchen', 'Desk', 'Outdoors'] as const;

export const SEED: readonly Product[] = [
  { id: 1, name: 'Stoneware cup', category: 'Kitchen', priceCents: 1400 },
  { id: 2, name: 'Pour-over kettle', category: 'Kitchen', priceCents: 5900 },
  { id: 3, name: 'Bread knife', category: 'Kitchen', priceCents: 3450 },
  { id: 4, name: 'Brass pen', category: 'Desk', priceCents: 4200 },
  { id: 5, name: 'Reading lamp', category: 'Desk', priceCents: 8900 },
  { id: 6, name: 'Wool blanket', category: 'Outdoors', priceCents: 7600 },
  { id: 7, name: 'Enamel lantern', category: 'Outdoors', priceCents: 3800 },
];

export const keyOf = (id: number): string => `product:${id}`;
export const tagOf = (id: number): string => `product-${id}`;

export const euros = (cents: number): string => `€ ${(cents / 100).toFixed(2)}`;
