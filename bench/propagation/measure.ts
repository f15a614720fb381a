import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { wallAhead } from '../../test/fleet/clock.ts';
import { endAll, startDaemon, type Daemon } from '../../test/support/daemon.ts';
import { NatsServer } from '../../test/support/nats.ts';
import { PostgresServer } from '../../test/support/postgres.ts';
import { machine } from '../support.ts';
import { receivedOf, spentBy } from './daemon-side.ts';
import { figuresOf, lastOf, type Delays, type JournalName, type Options, type Report } from './report.ts';
import { Role } from './role.ts';
import type { Seen } from './roles.ts';

/** Compilers and caches get warm meanwhile. */
const WARM_SECONDS = 2;
/** Beyond the time that it takes: whoever has not seen everything by then has missed something. */
const PATIENCE_MS = 60_000;

export async function measure(options: Options): Promise<Report> {
  const rows = options.rate * (WARM_SECONDS + options.seconds);
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-propagation-'));
  const postgres = await PostgresServer.start(18);
  const nats = options.journal === 'nats' ? await NatsServer.start() : null;
  try {
    await nats?.ready();
    await postgres.sql(`create table item (id int primary key, n int not null default 0) with (fillfactor = 50);
      insert into item select generate_series(0, ${String(rows - 1)});
      create publication raw for table item`);
    await postgres.sql('vacuum analyze item');
    writeFileSync(join(folder, 'tidemark.yaml'), stringify(configuration(postgres, options.journal, nats)));
    return await withDaemon(await startDaemon({ cwd: folder }), postgres, options, rows);
  } finally {
    await endAll();
    await Promise.all([postgres.stop(), nats?.stop()]);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function withDaemon(daemon: Daemon, postgres: PostgresServer, options: Options, rows: number): Promise<Report> {
  const { rate, processes } = options;
  const applications = await Promise.all(
    Array.from({ length: processes }, () => Role.start('apply', { url: daemon.url, rows })),
  );
  const raw = await Role.start('listen', { url: postgres.url, rows });
  const writer = await Role.start('write', { url: postgres.url, rows, rate });
  const roles = [...applications, raw, writer];
  const before = await spentBy(daemon);
  for (const role of roles) role.begin();
  const all = Promise.all(roles.map((role) => role.seen));
  const seen = await inTime(all, (rows / rate) * 1_000 + PATIENCE_MS);
  const after = await spentBy(daemon);
  for (const role of roles) role.end();
  const [committed, heard] = [seen.at(-1)!, seen.at(-2)!];
  const ended = seen.slice(0, processes);
  const received = (await receivedOf(daemon, rows)).map((at) => at - wallAhead());
  const delays = (times: readonly number[]): Delays =>
    times.slice(rate * WARM_SECONDS).map((at, n) => at - committed.times[n + rate * WARM_SECONDS]!);
  const applied = ended.map(({ times }) => delays(times));
  const each = (cpuMs: number): number => (1_000 * cpuMs) / rows;
  return {
    machine: machine(),
    options,
    commitsPerSecond: paceOf(committed),
    ms: {
      raw: figuresOf(delays(heard.times)),
      received: figuresOf(delays(received)),
      applied: figuresOf(applied.flat()),
      'applied in the last': figuresOf(lastOf(applied)),
    },
    appendMs: (1_000 * (after.appendSum - before.appendSum)) / (after.appends - before.appends),
    cpuUsPerCommit: {
      daemon: each(after.cpuMs - before.cpuMs),
      application: each(ended.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / processes),
      raw: each(heard.cpuMs),
      writer: each(committed.cpuMs),
    },
  };
}

function configuration(postgres: PostgresServer, type: JournalName, nats: NatsServer | null): object {
  const options = { sqlite: { path: 'journal.db' }, nats: { servers: nats?.url, stream: 'bench' }, memory: {} };
  return {
    version: 1,
    journal: { type, ...options[type] },
    sources: { db: { type: 'postgres', url: postgres.url, tables: ['item'] } },
    layers: { local: { type: 'memory' } },
    namespaces: { item: { ttl: '1h' } },
    contracts: [{ name: 'item', trigger: 'item.*', actions: [{ delete_key: 'item:{id}' }] }],
  };
}

async function inTime<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error('not every process has seen every commit'));
    }, ms);
  });
  return Promise.race([work, late]).finally(() => {
    clearTimeout(timer);
  });
}

function paceOf({ times }: Seen): number {
  const sorted = Float64Array.from(times).sort();
  return (1_000 * (sorted.length - 1)) / (sorted.at(-1)! - sorted[0]!);
}
