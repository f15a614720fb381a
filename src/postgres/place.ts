import type { Position } from '../model/position.ts';
import { parseLsn, toPosition } from '../sources/postgres/lsn.ts';

/** Where a connection is in its server's history: goes into `context.seen` with the name of the source. */
export type Place =
  | { readonly history: string; readonly snapshot: string; readonly fresh: boolean }
  | { readonly history: string; readonly replayedTo: Position };

/** A place, and what else one has to know of the connection before what it reads is cached. */
export interface Look {
  readonly place: Place;
  /** Its transaction has written: what it reads may be rolled back (anomaly A11). */
  readonly writing: boolean;
}

/**
 * One row that says it all. Of the timelines that a standby knows it gives the highest: one that follows a promoted server
 * must not pass for one of the server that the feed is on.
 */
export const LOOK_SQL = `
  select pg_is_in_recovery(),
    case when pg_is_in_recovery() then pg_last_wal_replay_lsn()::text end,
    pg_current_snapshot()::text,
    (select system_identifier from pg_control_system())::text,
    case when pg_is_in_recovery() then greatest(
        (select max(received_tli) from pg_stat_wal_receiver),
        (select timeline_id from pg_control_checkpoint()),
        (select min_recovery_end_timeline from pg_control_recovery()))::text
      else (('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int)::text end,
    current_setting('transaction_isolation'),
    pg_current_xact_id_if_assigned() is not null`;

/** Reads the row in PostgreSQL's text form. */
export function readLook(fields: readonly (string | null)[]): Look {
  const [recovery, lsn, snapshot = null, system = null, timeline = null, isolation, writing] = fields;
  if (snapshot === null || system === null || timeline === null) throw new TypeError(`a server without a history`);
  const history = `${system}:${timeline}`;
  const own = isolation === 'repeatable read' || isolation === 'serializable';
  return {
    place: placeFrom({ history, snapshot, own, lsn: recovery === 't' ? (lsn ?? '') : null }),
    writing: writing === 't',
  };
}

interface Facts {
  readonly history: string;
  readonly snapshot: string;
  /** The transaction has one snapshot for all that it reads, which may be old. */
  readonly own: boolean;
  /** `null`: not a standby. */
  readonly lsn: string | null;
}

function placeFrom({ history, snapshot, own, lsn }: Facts): Place {
  if (lsn === null) return { history, snapshot, fresh: !own };
  const replayed = parseLsn(lsn);
  if (!own && replayed !== null) return { history, replayedTo: toPosition(replayed) };
  // The log is read on behind the snapshot, so the place of the log says nothing here. And a standby's snapshot does not
  // list what was running; only what lies below its `xmin` is sure to have ended.
  const xmin = snapshot.slice(0, snapshot.indexOf(':'));
  return { history, snapshot: `${xmin}:${xmin}:`, fresh: false };
}
