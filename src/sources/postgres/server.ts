import { TidemarkError } from '../../errors.ts';
import type { Sql } from './sql.ts';

/** Logical messages in the stream exist since then. */
const VERSION_MIN = 140_000;

export interface Server {
  /** As `server_version_num`: 150018. */
  readonly version: number;
}

/** What no amount of waiting changes, and what only a failover does. */
export async function checkServer(sql: Sql): Promise<Server> {
  const row = await sql.row<{ version: number; wal_level: string; standby: boolean }>(
    `select current_setting('server_version_num')::int as version, current_setting('wal_level') as wal_level,
       pg_is_in_recovery() as standby`,
  );
  if (!row) throw new TidemarkError('POSTGRES_PROTOCOL', 'the server does not say its version');
  const { version, wal_level, standby } = row;
  if (version < VERSION_MIN) throw new TidemarkError('POSTGRES_VERSION', `it says ${Math.floor(version / 10_000)}`);
  if (standby) throw new TidemarkError('POSTGRES_STANDBY');
  if (wal_level !== 'logical') throw new TidemarkError('POSTGRES_WAL_LEVEL', `wal_level is ${wal_level}`);
  return { version };
}
