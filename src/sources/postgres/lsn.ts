import type { Position } from '../../model/position.ts';

/** A place in PostgreSQL's write-ahead log: the 64-bit number behind `16/B374D848`. */
export type Lsn = bigint;

export const LSN_ZERO: Lsn = 0n;

const TEXT = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i;
const POSITION = /^[0-9A-F]{16}$/;

/** Reads PostgreSQL's own spelling; `null` when it is none. */
export function parseLsn(text: string): Lsn | null {
  const match = TEXT.exec(text);
  return match ? (BigInt(`0x${match[1] ?? '0'}`) << 32n) | BigInt(`0x${match[2] ?? '0'}`) : null;
}

/** PostgreSQL's own spelling. */
export function formatLsn(lsn: Lsn): string {
  return `${(lsn >> 32n).toString(16)}/${(lsn & 0xffff_ffffn).toString(16)}`.toUpperCase();
}

/** Sixteen upper-case hex digits, so that `<` on strings is the order of the log. */
export function toPosition(lsn: Lsn): Position {
  return lsn.toString(16).toUpperCase().padStart(16, '0') as Position;
}

/** `null` when it is not a position of this kind of source. */
export function fromPosition(position: Position): Lsn | null {
  return POSITION.test(position) ? BigInt(`0x${position}`) : null;
}

/**
 * A place strictly inside the record that starts at `lsn`: after the end of every commit before it, before the end of
 * every commit behind it. The record's start itself may be the end of the commit before.
 */
export function inside(lsn: Lsn): Lsn {
  return lsn + 1n;
}

export function later(a: Lsn, b: Lsn): Lsn {
  return a > b ? a : b;
}
