import { TidemarkError } from '../../errors.ts';
import type { Epoch, Resume } from '../../model/position.ts';
import type { Clock } from '../../runtime/runtime.ts';
import { visibilityBarrier } from './barrier.ts';
import { continuity, type Continuity } from './continuity.ts';
import { coverageHash, coverageSql } from './coverage.ts';
import { formatEpoch } from './epoch.ts';
import { identityWarnings } from './identity.ts';
import { toPosition, type Lsn } from './lsn.ts';
import { ensurePublication } from './publication.ts';
import { checkServer, type Server } from './server.ts';
import { createSlot, dropSlot, freeSlot, type Slot } from './slot.ts';
import type { Sql } from './sql.ts';
import type { Walsender } from './walsender.ts';

export interface StartOptions {
  readonly slot: string;
  readonly publication: string;
  readonly create: boolean;
  readonly entities: ReadonlyMap<string, string>;
  /** Per entity, the columns that contracts read. */
  readonly columns: ReadonlyMap<string, ReadonlySet<string>>;
  /** Why what comes next in the stream must be skipped; `null`: it need not. */
  readonly skip: string | null;
  readonly applicationName: string;
  /** Whether another Tidemark that still streams from the slot is late, and to be put out. */
  readonly putOut: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** What the start is waiting for; `null`: nothing any more. */
  readonly waiting: (detail: string | null) => void;
}

export interface Connections {
  readonly control: Sql;
  /** A second ordinary connection: for what must be asked while the first one waits. */
  readonly aside: Sql;
  readonly walsender: Walsender;
}

export interface Started {
  readonly server: Server;
  readonly epoch: Epoch;
  readonly coverage: string;
  readonly from: Lsn;
  /** A transaction id that the server had given out by now. */
  readonly nearXid: bigint;
  readonly gap: { readonly code: string; readonly reason: string; readonly resume: Resume } | null;
  readonly warnings: readonly string[];
}

/** Checks and makes what streaming needs, and finds out whether it can go on where the journal ends. */
export async function prepare(connections: Connections, after: Resume | null, options: StartOptions): Promise<Started> {
  const { control, walsender } = connections;
  const { publication, entities, slot: name, clock, signal } = options;
  const server = await checkServer(control);
  const { systemId, timeline, head } = await walsender.identify();
  const tables = [...entities.keys()];
  // Before the slot: a slot reads the catalogue as it was, and would not find a publication that is younger.
  const published = await ensurePublication(control, server, { publication, tables, create: options.create });
  const slot = await freeSlot(control, name, options);
  const coverage = await readCoverage(control, publication, tables);
  const now = { systemId, timeline, coverage };
  const decided = continuity({ after, now, head, slot, publicationIsNew: published.created, skip: options.skip });
  const from = decided.from ?? (await renewSlot(connections, slot, decided, options));
  const epoch = formatEpoch({ ...now, rewound: decided.rewound });
  if (decided.kind === 'broken') {
    await visibilityBarrier(control, {
      clock,
      signal,
      waiting: (count) => {
        options.waiting(`waiting for ${count} running transaction${count === 1 ? '' : 's'} to end`);
      },
    });
  }
  options.waiting(null);
  const identity = await identityWarnings(control, server, publication, entities, options.columns);
  const nearXid = await readXid(control);
  const resume = { epoch, position: toPosition(from) };
  return {
    server,
    epoch,
    coverage,
    from,
    nearXid,
    gap: decided.kind === 'broken' ? { code: decided.code, reason: decided.reason, resume } : null,
    warnings: [...published.warnings, ...identity],
  };
}

async function readCoverage(sql: Sql, publication: string, tables: readonly string[]): Promise<string> {
  const row = await sql.row<{ coverage: string }>(`select ${coverageSql(publication, tables)} as coverage`);
  return coverageHash(row?.coverage ?? '');
}

async function readXid(sql: Sql): Promise<bigint> {
  const row = await sql.row<{ xid: string }>('select pg_snapshot_xmax(pg_current_snapshot())::text as xid');
  return BigInt(row?.xid ?? '0');
}

async function renewSlot(
  connections: Connections,
  old: Slot | null,
  decided: Continuity,
  options: StartOptions,
): Promise<Lsn> {
  const { slot: name, create } = options;
  if (!create) {
    const reason = decided.kind === 'broken' ? decided.reason : '';
    throw new TidemarkError(old ? 'POSTGRES_SLOT_LOST' : 'POSTGRES_SLOT_MISSING', `${name} (${reason})`);
  }
  if (old) await dropSlot(connections.control, name);
  options.waiting('waiting for running transactions to end, so that the new replication slot can begin');
  return createWatched(connections, options);
}

/** How often the server is asked whether it is still there while it makes a slot. */
const WATCH_EVERY_MS = 1_000;

/** A slot takes as long as the longest running transaction. Meanwhile: a dead server is noticed, and closing works. */
async function createWatched({ control, aside }: Connections, { slot, clock, signal }: StartOptions): Promise<Lsn> {
  const done = new AbortController();
  const stop = AbortSignal.any([signal, done.signal]);
  const watch = async (): Promise<void> => {
    while (!stop.aborted) {
      await clock.sleep(WATCH_EVERY_MS, stop);
      if (!done.signal.aborted) await aside.rows('select 1');
    }
    // Otherwise the server would go on waiting for us, and then keep a slot that nobody has asked for.
    if (signal.aborted) await aside.rows('select pg_cancel_backend($1)', [control.pid]);
  };
  const watching = watch().catch(() => {
    control.close();
  });
  try {
    return await createSlot(control, slot);
  } finally {
    done.abort();
    await watching;
  }
}
