import { expect, it } from 'vitest';
import { hashText } from './hash.ts';

it('a hash is the same in every version, as journals keep it: 16 hex digits', () => {
  expect(hashText('')).toBe('488bdcb81aee8d83');
  expect(hashText('product.updated')).toBe('fa7e6df4bb82f0c6');
  for (let i = 0; i < 200; i++) expect(hashText(String(i))).toMatch(/^[0-9a-f]{16}$/);
});
