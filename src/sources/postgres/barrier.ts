import { TidemarkError } from '../../errors.ts';
import type { Clock } from '../../runtime/runtime.ts';
import { isVisible, parseSnapshot, type Snapshot } from './snapshot.ts';
import type { Sql } from './sql.ts';

const LOOK_MIN_MS = 1;
const LOOK_MAX_MS = 100;

/** What it needs of a connection. */
export type Queries = Pick<Sql, 'rows' | 'row'>;

export interface BarrierOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told how many transactions are waited for, each time it looks. */
  readonly waiting: (transactions: number) => void;
}

/**
 * The visibility barrier: returns when every commit whose record is in the log by now is visible to new readers.
 *
 * A snapshot alone does not name them all: its `xmax` is one above the newest transaction that has *ended*, so a
 * transaction with a higher id that has written its commit record and is not yet visible is in neither list. Taking an
 * id of our own and ending that transaction first puts `xmax` above every id that was given out before.
 */
export async function visibilityBarrier(sql: Queries, { clock, signal, waiting }: BarrierOptions): Promise<void> {
  await sql.rows('select pg_current_xact_id()');
  const first = await snapshot(sql);
  let left = [...first.running];
  for (let pause = LOOK_MIN_MS; left.length > 0 && !signal.aborted; pause = Math.min(pause * 2, LOOK_MAX_MS)) {
    waiting(left.length);
    await clock.sleep(pause, signal);
    const now = await snapshot(sql);
    left = left.filter((xid) => !isVisible(xid, now));
  }
}

/**
 * Waits at the barrier, then takes another id: a snapshot beyond it was taken later, so its readers see every commit whose
 * record was in the log when this was called.
 */
export async function horizon(sql: Queries, options: BarrierOptions): Promise<string> {
  await visibilityBarrier(sql, options);
  const row = await sql.row<{ xid: string }>('select pg_current_xact_id()::text as xid');
  if (!row) throw new TidemarkError('POSTGRES_PROTOCOL', 'a transaction without an id');
  return row.xid;
}

async function snapshot(sql: Queries): Promise<Snapshot> {
  const row = await sql.row<{ snapshot: string }>('select pg_current_snapshot()::text as snapshot');
  const parsed = row && parseSnapshot(row.snapshot);
  if (!parsed) throw new TidemarkError('POSTGRES_PROTOCOL', `a snapshot that reads ${JSON.stringify(row)}`);
  return parsed;
}
