import { TidemarkError } from '../../errors.ts';
import type { Resume } from '../../model/position.ts';
import { parseLsn, toPosition } from './lsn.ts';

/**
 * The end of the log. A commit that the client has been told of lies before it, whichever connection asks: so does the end of
 * each transaction that a new snapshot sees.
 */
export const POSITION_SQL = `
  select pg_is_in_recovery() as standby, pg_current_xact_id_if_assigned() is not null as writing,
    (select system_identifier from pg_control_system())::text as system,
    case when not pg_is_in_recovery() then pg_current_wal_insert_lsn()::text end as lsn,
    case when not pg_is_in_recovery()
      then (('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int)::text end as timeline`;

export type PositionRow = Readonly<{
  standby: boolean;
  writing: boolean;
  system: string;
  lsn: string | null;
  timeline: string | null;
}>;

/** @throws POSITION_UNKNOWN */
export function readPosition(row: PositionRow | null): Resume {
  const lsn = parseLsn(row?.lsn ?? '');
  if (row?.writing)
    throw new TidemarkError('POSITION_UNKNOWN', 'the transaction on this connection is not committed yet');
  if (row?.standby) throw new TidemarkError('POSITION_UNKNOWN', 'the connection is to a replica; ask the primary');
  if (!row || lsn === null) throw new TidemarkError('POSITION_UNKNOWN', 'the server did not tell the end of its log');
  return { epoch: `${row.system}:${row.timeline ?? ''}`, position: toPosition(lsn) };
}

/** What a `Client` and a `Pool` of `pg` have. */
interface Queryable {
  query(text: string): Promise<{ readonly rows: readonly PositionRow[] }>;
}

/** @throws OPTION_INVALID, POSITION_UNKNOWN; what the driver throws */
export async function positionOn(connection: unknown): Promise<Resume> {
  if (!isQueryable(connection)) {
    throw new TidemarkError(
      'OPTION_INVALID',
      'the connection is no client or pool of `pg`; leave it out with other drivers',
    );
  }
  const { rows } = await connection.query(POSITION_SQL);
  return readPosition(rows[0] ?? null);
}

function isQueryable(connection: unknown): connection is Queryable {
  return typeof (connection as Partial<Queryable> | null)?.query === 'function';
}
