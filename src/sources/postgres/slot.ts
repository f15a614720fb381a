import { TidemarkError } from '../../errors.ts';
import type { Clock } from '../../runtime/runtime.ts';
import { parseLsn, type Lsn } from './lsn.ts';
import type { Sql } from './sql.ts';

export interface Slot {
  readonly state: 'usable' | 'lost';
  /** The server has been told that everything before this may be forgotten. */
  readonly confirmed: Lsn;
  /** Process that streams from it now. */
  readonly activePid: number | null;
  /** Why it is lost, in the server's word. */
  readonly reason: string | null;
}

type Row = Readonly<Record<string, string | number | boolean | null>>;

/** `null` when there is none. Throws when it belongs to something else. */
export async function readSlot(sql: Sql, name: string): Promise<Slot | null> {
  // As JSON, because each version has other columns.
  const found = await sql.row<{ slot: Row; here: string }>(
    'select to_jsonb(s) as slot, current_database() as here from pg_replication_slots s where slot_name = $1',
    [name],
  );
  if (!found) return null;
  const { slot, here } = found;
  if (slot['plugin'] !== 'pgoutput' || slot['database'] !== here) {
    throw new TidemarkError(
      'POSTGRES_SLOT_FOREIGN',
      `${name} is of plugin ${String(slot['plugin'])} in database ${String(slot['database'])}`,
    );
  }
  const confirmed = parseLsn(String(slot['confirmed_flush_lsn']));
  const invalid = slot['invalidation_reason'] ?? (slot['wal_status'] === 'lost' ? 'wal_removed' : null);
  return {
    state: invalid !== null || confirmed === null ? 'lost' : 'usable',
    confirmed: confirmed ?? 0n,
    activePid: slot['active'] === true ? Number(slot['active_pid']) : null,
    reason: invalid === null ? null : String(invalid),
  };
}

/** Waits for every transaction that is running now: until then a slot cannot begin. Returns where it begins. */
export async function createSlot(sql: Sql, name: string): Promise<Lsn> {
  const [row] = await sql.rows<{ lsn: string }>(
    `select lsn::text as lsn from pg_create_logical_replication_slot($1, 'pgoutput')`,
    [name],
    0,
  );
  const lsn = row && parseLsn(row.lsn);
  if (lsn === undefined || lsn === null) throw new TidemarkError('POSTGRES_PROTOCOL', 'a new slot without a position');
  return lsn;
}

export async function dropSlot(sql: Sql, name: string): Promise<void> {
  await sql.rows('select pg_drop_replication_slot($1)', [name]);
}

/** Our own connection of a moment ago may still hold the slot: the server notices its end when it next looks. */
const RELEASE_WAIT_MS = 2_000;
const RELEASE_LOOK_MS = 20;

/**
 * Waits for the slot to be free, and throws out a connection of this very process that the server still believes in;
 * with `putOut` also that of another Tidemark, which may be paused and so never go by itself.
 */
export async function freeSlot(
  sql: Sql,
  name: string,
  options: {
    readonly applicationName: string;
    readonly putOut: boolean;
    readonly clock: Clock;
    readonly signal: AbortSignal;
  },
): Promise<Slot | null> {
  const until = options.clock.mono() + RELEASE_WAIT_MS;
  for (;;) {
    const slot = await readSlot(sql, name);
    if (slot?.activePid == null || options.signal.aborted) return slot;
    await terminate(sql, slot.activePid, options.putOut ? 'tidemark %' : options.applicationName);
    if (options.clock.mono() > until) {
      throw new TidemarkError('POSTGRES_SLOT_BUSY', `process ${slot.activePid} streams from ${name}`);
    }
    await options.clock.sleep(RELEASE_LOOK_MS, options.signal);
  }
}

/** @throws POSTGRES_SLOT_BUSY when the server does not let us */
async function terminate(sql: Sql, pid: number, applicationName: string): Promise<void> {
  try {
    await sql.rows(
      'select pg_terminate_backend(pid) from pg_stat_activity where pid = $1 and application_name like $2',
      [pid, applicationName],
    );
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.code !== 'POSTGRES_PRIVILEGE') throw error;
    const what = `process ${pid} streams, and this user may not end it: use the same user in every relay, or grant pg_signal_backend`;
    throw new TidemarkError('POSTGRES_SLOT_BUSY', what, { cause: error });
  }
}
