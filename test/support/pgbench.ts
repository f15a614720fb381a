import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exited, run, startChild } from './children.ts';
import type { PostgresServer } from './postgres.ts';

let found: Promise<string> | null = null;

/** Path of a pgbench, installed where that is possible. Rejects with the reason when there is none. */
export function pgbench(): Promise<string> {
  return (found ??= find());
}

async function find(): Promise<string> {
  const present = installed();
  if (present) return present;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) throw new Error('pgbench is not installed');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // Debian's package of the client programs does not have it; the server's has.
  const install = (): Promise<string> =>
    run('apt-get', ['install', '-y', '--no-install-recommends', 'postgresql'], { env });
  await install().catch(() => run('apt-get', ['update'], { env }).then(install));
  const now = installed();
  if (!now) throw new Error('the package postgresql brought no pgbench');
  return now;
}

function installed(): string | null {
  const versions = '/usr/lib/postgresql';
  const bins = existsSync(versions) ? readdirSync(versions).map((version) => `${versions}/${version}/bin/pgbench`) : [];
  return ['pgbench', ...bins.reverse()].find((path) => spawnSync(path, ['--version']).status === 0) ?? null;
}

export interface Bench {
  /** Rejects when pgbench says that something went wrong. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export interface Script {
  /** In pgbench's language: SQL with `:variables` and `\set`. */
  readonly text: string;
  /** Of how many, it is run this often. */
  readonly weight: number;
}

/** Runs scripts, chosen at random by weight, until pgbench ends by itself or is stopped. */
export async function bench(
  server: PostgresServer,
  scripts: readonly Script[],
  args: readonly string[],
): Promise<Bench> {
  const program = await pgbench();
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-pgbench-'));
  const files: string[] = [];
  for (const [i, { text, weight }] of scripts.entries()) {
    const file = join(folder, `${i}.sql`);
    await writeFile(file, text);
    files.push('-f', `${file}@${weight}`);
  }
  const where = ['-h', '127.0.0.1', '-p', String(server.port), '-U', 'postgres'];
  const child = startChild(program, ['-n', ...where, ...files, ...args, 'postgres'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  let stopped = false;
  child.stderr?.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-10_000)));
  const ended = exited(child).then(async () => {
    await rm(folder, { recursive: true, force: true });
    if (!stopped && child.exitCode !== 0) throw new Error(`pgbench ended with ${String(child.exitCode)}: ${errors}`);
  });
  ended.catch(() => undefined);
  return {
    ended,
    stop: () => {
      stopped = true;
      child.kill();
      return ended;
    },
  };
}
