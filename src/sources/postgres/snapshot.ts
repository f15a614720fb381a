/** What `pg_current_snapshot()` says: which transactions a reader that begins now does not see. */
export interface Snapshot {
  /** All below have ended. Transaction ids modulo 2^32, as they come in the replication stream. */
  readonly xmin: number;
  /** None at or above has ended. */
  readonly xmax: number;
  /** Those in between that have not ended. */
  readonly running: ReadonlySet<number>;
}

const TEXT = /^(\d+):(\d+):([\d,]*)$/;

/** Reads `xmin:xmax:xip,xip`; `null` when it is none. */
export function parseSnapshot(text: string): Snapshot | null {
  const match = TEXT.exec(text);
  if (!match) return null;
  const [, xmin = '', xmax = '', xip = ''] = match;
  return { xmin: short(xmin), xmax: short(xmax), running: new Set(xip ? xip.split(',').map(short) : []) };
}

/** Whether a transaction that is known to have committed is seen by readers that begin after the snapshot. */
export function isVisible(xid: number, { xmin, xmax, running }: Snapshot): boolean {
  if (!precedes(xid, xmax)) return false;
  return precedes(xid, xmin) || !running.has(xid);
}

/** Circular order, as PostgreSQL itself compares: the ids of transactions that can matter are within 2^31 of each other. */
function precedes(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

function short(xid8: string): number {
  return Number(BigInt.asUintN(32, BigInt(xid8)));
}
