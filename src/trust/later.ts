import type { Offset } from '../model/position.ts';

export function later(a: Offset, b: Offset): Offset {
  return Math.max(a, b) as Offset;
}
