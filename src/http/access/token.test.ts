import { describe, expect, it } from 'vitest';
import { tokenCheck } from './token.ts';

const check = tokenCheck('s3cret-of-the-administrator');

describe('tokenCheck', () => {
  it.each([
    ['Bearer s3cret-of-the-administrator', 'right'],
    ['bearer   s3cret-of-the-administrator', 'right'],
    ['Bearer s3cret-of-the-administratoR', 'wrong'],
    ['Bearer s3cret-of-the-administrator2', 'wrong'],
    ['Bearer s', 'wrong'],
    ['Bearer ', 'wrong'],
    ['Bearer s3cret-of-the-administrator, Bearer x', 'wrong'],
    ['Basic czNjcmV0', 'wrong'],
    ['s3cret-of-the-administrator', 'wrong'],
    ['', 'wrong'],
    [undefined, 'missing'],
  ])('%s is %s', (authorization, verdict) => {
    expect(check(authorization)).toBe(verdict);
  });
});
