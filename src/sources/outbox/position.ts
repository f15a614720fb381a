import type { Position } from '../../model/position.ts';

/** Digits of the largest row id of SQLite. */
const DIGITS = 19;

/**
 * A row id as a position. SQLite has one writer at a time and AUTOINCREMENT numbers rows as they are inserted, so the
 * order of the ids is the order of the commits.
 */
export function positionOf(id: number): Position {
  return String(id).padStart(DIGITS, '0') as Position;
}

export function idOf(position: Position): number {
  return Number(position);
}
