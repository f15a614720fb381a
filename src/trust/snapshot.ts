/** What `pg_current_snapshot()` says: which transactions its reader does not see. Ids are whole, without wrap-around. */
export interface Snapshot {
  /** All below have ended. */
  readonly xmin: number;
  /** None at or above has ended. */
  readonly xmax: number;
  /** Those in between that have not ended. */
  readonly running: readonly number[];
}

const TEXT = /^(\d+):(\d+):([\d,]*)$/;

/** Reads `xmin:xmax:xip,xip`; `null` when it is none. Ids beyond 2^53 (a million a second for 285 years) are none. */
export function parseSnapshot(text: string): Snapshot | null {
  const match = TEXT.exec(text);
  if (!match) return null;
  const [, xmin, xmax, xip] = match as unknown as readonly [string, string, string, string];
  const running = xip === '' ? [] : xip.split(',').map(Number);
  const snapshot = { xmin: Number(xmin), xmax: Number(xmax), running };
  return [snapshot.xmin, snapshot.xmax, ...running].every(Number.isSafeInteger) ? snapshot : null;
}

/** Whether a transaction that is known to have committed is seen by the snapshot's reader, and by all later ones. */
export function isVisible(xid: number, { xmax, running }: Snapshot): boolean {
  return xid < xmax && !running.includes(xid);
}
