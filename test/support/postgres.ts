import { execFileSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterDeath, exited, run, startChild } from './children.ts';
import { needs, type Suite } from './needs.ts';
import { freePort } from './ports.ts';
import { POSTGRES_VERSIONS, postgresBinaries, type Binaries, type PostgresVersion } from './postgres-binaries.ts';

export type { PostgresVersion } from './postgres-binaries.ts';

export interface PostgresCase {
  readonly version: PostgresVersion;
  readonly suite: Suite;
  readonly start: (settings?: PostgresSettings) => Promise<PostgresServer>;
}

export type PostgresSettings = Readonly<Record<string, string | number>>;

/** The matrix that everything about PostgreSQL is tested on. `suite` is a `describe` that knows how to be skipped. */
export async function pgServers(): Promise<readonly PostgresCase[]> {
  const cases: PostgresCase[] = [];
  for (const version of POSTGRES_VERSIONS) {
    const suite = await needs(`PostgreSQL ${version}`, async () => {
      await postgresBinaries(version);
      return null;
    });
    cases.push({ version, suite, start: (settings) => PostgresServer.start(version, settings) });
  }
  return cases;
}

const FAST: PostgresSettings = {
  wal_level: 'logical',
  // Kills of the server's processes lose nothing that the operating system has; only its own crash would.
  fsync: 'off',
  full_page_writes: 'off',
  shared_buffers: '32MB',
  max_connections: 60,
  max_wal_senders: 10,
  max_replication_slots: 10,
  wal_sender_timeout: '20s',
  log_min_messages: 'warning',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
};

/** Wakes what a test has paused (a stopped process takes no signal), ends the server and removes its data. */
const LAST_RITES = `
  main=$(head -1 "$1/postmaster.pid")
  for pid in $main $(ps -A -o ppid=,pid= | awk -v main="$main" '$1 == main { print $2 }'); do kill -CONT "$pid"; done
  kill -QUIT "$main"; sleep 1; rm -rf "$1"`;

/** A private PostgreSQL on a free port with its own data directory, gone with the process that started it. */
export class PostgresServer {
  readonly version: PostgresVersion;
  readonly #binaries: Binaries;
  readonly #dataDir: string;
  readonly #settings: PostgresSettings;
  readonly #callOff: () => void;
  readonly #clients = new Set<pg.Client>();
  #port = 0;
  #process: ChildProcess | null = null;
  #log = '';

  private constructor(version: PostgresVersion, binaries: Binaries, settings: PostgresSettings) {
    this.version = version;
    this.#binaries = binaries;
    this.#settings = { ...FAST, ...settings };
    this.#dataDir = mkdtempSync(join(tmpdir(), `tidemark-pg${version}-`));
    const { uid, gid } = binaries.spawn;
    if (uid !== undefined && gid !== undefined) chownSync(this.#dataDir, uid, gid);
    this.#callOff = afterDeath(LAST_RITES, [this.#dataDir]);
    process.once('exit', this.#atExit);
  }

  static async start(version: PostgresVersion, settings: PostgresSettings = {}): Promise<PostgresServer> {
    const binaries = await postgresBinaries(version);
    const server = new PostgresServer(version, binaries, settings);
    await run(
      binaries.initdb,
      ['-D', server.#dataDir, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
      binaries.spawn,
    );
    await server.start();
    return server;
  }

  /**
   * A physical replica of this server, which is stopped for a moment to be copied: its clients lose their connections.
   * It calls itself `replica`, so that it can be named in `synchronous_standby_names`.
   */
  async replica(settings: PostgresSettings = {}): Promise<PostgresServer> {
    const replica = new PostgresServer(this.version, this.#binaries, {
      ...this.#settings,
      primary_conninfo: `host=127.0.0.1 port=${this.#port} user=postgres application_name=replica`,
      // A segment that the replica has still to read must not be recycled.
      wal_keep_size: '512MB',
      ...settings,
    });
    await this.halt();
    await run('cp', ['-a', `${this.#dataDir}/.`, replica.#dataDir], this.#binaries.spawn);
    await this.start({ wal_keep_size: '512MB' });
    writeFileSync(join(replica.#dataDir, 'standby.signal'), '');
    await replica.start();
    return replica;
  }

  /** A replica loses its primary, and what that writes from now on. */
  async cutOff(): Promise<void> {
    await this.restart({ primary_conninfo: '' });
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.#port}/postgres`;
  }

  /** What the server wrote to its log since it started. */
  get log(): string {
    return this.#log;
  }

  /** Starts it (again), on the port it had before, so that clients can find it. */
  async start(settings: PostgresSettings = {}): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      if (this.#port === 0 || attempt > 0) this.#port = await freePort();
      const flags = Object.entries({ ...this.#settings, ...settings }).flatMap(([k, v]) => ['-c', `${k}=${v}`]);
      const child = startChild(this.#binaries.postgres, ['-D', this.#dataDir, '-p', String(this.#port), ...flags], {
        ...this.#binaries.spawn,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      this.#process = child;
      this.#log = '';
      if (await this.#ready(child)) return;
      if (attempt === 3 || !this.#log.includes('Address already in use')) {
        throw new Error(`PostgreSQL ${this.version} did not start:\n${this.#log}`);
      }
    }
  }

  #ready(child: ChildProcess): Promise<boolean> {
    return new Promise((resolve) => {
      child.stderr?.on('data', (chunk: Buffer) => {
        this.#log = (this.#log + chunk.toString()).slice(-100_000);
        if (/database system is ready to accept (read-only )?connections/.test(this.#log)) resolve(true);
      });
      child.once('close', () => {
        resolve(false);
      });
    });
  }

  /** The way an administrator stops it: clients are thrown out, everything is written down. */
  async halt(): Promise<void> {
    await this.#end('SIGINT');
  }

  /** kill -9 of the postmaster; its children notice and go. */
  async crash(): Promise<void> {
    const children = this.#pids();
    await this.#end('SIGKILL');
    for (const pid of children) await goneOf(pid);
  }

  async restart(settings: PostgresSettings = {}): Promise<void> {
    await this.halt();
    await this.start(settings);
  }

  /** Stops every process of the server in mid-flight: sockets stay open and nothing answers. */
  pause(): void {
    for (const pid of [...this.#pids(), this.#process?.pid ?? 0]) signal(pid, 'SIGSTOP');
  }

  resume(): void {
    for (const pid of [...this.#pids(), this.#process?.pid ?? 0]) signal(pid, 'SIGCONT');
  }

  /** An ordinary client, closed with the server at the latest. */
  async connect(options: pg.ClientConfig = {}): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.url, ...options });
    client.on('error', () => undefined);
    await client.connect();
    this.#clients.add(client);
    client.once('end', () => this.#clients.delete(client));
    return client;
  }

  /** One statement or a script on a connection of its own. */
  async sql<R extends pg.QueryResultRow = Record<string, unknown>>(text: string, values?: unknown[]): Promise<R[]> {
    const client = await this.connect();
    try {
      const result = (await client.query<R>(text, values)) as pg.QueryResult<R> | pg.QueryResult<R>[];
      return (Array.isArray(result) ? result.at(-1) : result)?.rows ?? [];
    } finally {
      await client.end();
    }
  }

  /** Drops every slot. A walsender outlives its client's connection by a moment, and holds its slot for as long. */
  async dropSlots(): Promise<void> {
    const client = await this.connect();
    for (let dropped = false; !dropped;) {
      await client.query('select pg_terminate_backend(active_pid) from pg_replication_slots where active');
      dropped = await client.query('select pg_drop_replication_slot(slot_name) from pg_replication_slots').then(
        () => true,
        () => false,
      );
    }
    await client.end();
  }

  /** Stops it for good and removes its data. */
  async stop(): Promise<void> {
    this.resume();
    for (const client of this.#clients) await client.end().catch(() => undefined);
    await this.#end('SIGINT');
    process.off('exit', this.#atExit);
    this.#callOff();
    rmSync(this.#dataDir, { recursive: true, force: true, maxRetries: 5 });
  }

  async #end(how: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.kill(how);
    await exited(child);
    await closed;
  }

  #pids(): number[] {
    const parent = this.#process?.pid;
    if (parent === undefined) return [];
    return execFileSync('ps', ['-A', '-o', 'ppid=,pid='])
      .toString()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number))
      .filter(([ppid]) => ppid === parent)
      .map(([, pid]) => pid ?? 0);
  }

  readonly #atExit = (): void => {
    this.#process?.kill('SIGQUIT');
    rmSync(this.#dataDir, { recursive: true, force: true, maxRetries: 5 });
  };
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return pid > 0 && process.kill(pid, name);
  } catch {
    return false;
  }
}

async function goneOf(pid: number): Promise<void> {
  while (signal(pid, 0)) await new Promise((resolve) => setTimeout(resolve, 5));
}
