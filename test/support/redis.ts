import { spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterDeath, exited, startChild } from './children.ts';
import { needs, type Suite } from './needs.ts';
import { freePort } from './ports.ts';

/** No npm package holds a server's own binary, so it is that of the machine: of Redis, or of Valkey. */
const COMMANDS = ['redis-server', 'valkey-server'];

/** A `describe` for tests of Redis that knows how to be skipped. */
export function redisSuite(): Promise<Suite> {
  return needs('redis-server or valkey-server of version 7 or later in the PATH', () => {
    try {
      serverCommand();
      return Promise.resolve(null);
    } catch (error) {
      return Promise.resolve(String(error));
    }
  });
}

function serverCommand(): string {
  for (const command of COMMANDS) {
    const { status, stdout } = spawnSync(command, ['--version']);
    const major = /v=(\d+)\./.exec(String(stdout))?.[1];
    if (status === 0 && Number(major) >= 7) return command;
  }
  throw new Error('none of them is there');
}

export type RedisSettings = Readonly<Record<string, string | number>>;

const FAST: RedisSettings = {
  bind: '127.0.0.1',
  save: '',
  appendonly: 'no',
  'enable-debug-command': 'local',
  'repl-diskless-sync-delay': 0,
  'repl-ping-replica-period': 1,
};

/** A private server on a free port with its own directory, gone with the process that started it. */
export class RedisServer {
  readonly port: number;
  readonly dir: string;
  readonly #settings: RedisSettings;
  readonly #callOff: () => void;
  #process: ChildProcess | null = null;
  #control: Redis | null = null;

  private constructor(port: number, settings: RedisSettings) {
    this.port = port;
    this.#settings = { ...FAST, ...settings };
    this.dir = mkdtempSync(join(tmpdir(), 'tidemark-redis-'));
    this.#callOff = afterDeath('kill -CONT $(cat "$1/pid"); kill -KILL $(cat "$1/pid"); rm -rf "$1"', [this.dir]);
    process.once('exit', this.#atExit);
  }

  static async start(settings: RedisSettings = {}): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), settings);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it, also after `crash`, in the same place and on what is in its directory. */
  async start(settings: RedisSettings = {}): Promise<void> {
    const all = { ...this.#settings, ...settings, port: this.port, dir: this.dir, pidfile: join(this.dir, 'pid') };
    const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, ...words(String(value))]);
    this.#process = await spawnRedis(args, 'eady to accept connections');
  }

  /** One command, on a connection of its own that goes with the server. */
  async do(command: string, ...args: (string | number)[]): Promise<unknown> {
    this.#control ??= this.client();
    return this.#control.call(command, args);
  }

  client(): Redis {
    const client = new Redis(this.port, '127.0.0.1', { maxRetriesPerRequest: 20, retryStrategy: () => 25 });
    client.on('error', () => undefined);
    return client;
  }

  /** A replica that has all of this server when it resolves, and goes on following it. */
  async replica(settings: RedisSettings = {}): Promise<RedisServer> {
    const replica = await RedisServer.start({ ...settings, replicaof: `127.0.0.1 ${this.port}` });
    await replica.inSync();
    return replica;
  }

  /** Waits until it has caught up with its master. */
  async inSync(): Promise<void> {
    for (;;) {
      const info = String(await this.do('INFO', 'replication'));
      if (info.includes('master_link_status:up') && info.includes('master_sync_in_progress:0')) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Kills it: what is not in its files is lost. */
  async crash(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Ends it in order: it writes what it has to write. */
  async shutdown(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Stops all of it, like a machine that hangs: connections stay and nothing is answered. */
  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  /** Ends it for good and removes its directory. */
  async stop(): Promise<void> {
    this.#control?.disconnect();
    await this.#end('SIGKILL');
    process.off('exit', this.#atExit);
    this.#callOff();
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  async #end(how: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.kill('SIGCONT');
    child.kill(how);
    await exited(child);
    await closed;
  }

  readonly #atExit = (): void => {
    this.#process?.kill('SIGKILL');
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
  };
}

async function spawnRedis(args: readonly string[], ready: string): Promise<ChildProcess> {
  let log = '';
  const child = startChild(serverCommand(), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      log += chunk.toString();
      if (log.includes(ready)) resolve();
    });
    child.once('exit', () => {
      reject(new Error(`the server ended at once: ${log}`));
    });
    child.once('error', reject);
  });
  return child;
}

/** A process of the same program that is no server of data, once it has said that it is ready. Returns how to end it. */
export async function startRedisProcess(args: readonly string[], ready: string): Promise<() => Promise<void>> {
  const child = await spawnRedis(args, ready);
  return async () => {
    child.kill('SIGKILL');
    await exited(child);
  };
}

/** A setting of several words is several arguments; an empty one is one. */
function words(value: string): string[] {
  return value === '' ? [''] : value.split(' ');
}
