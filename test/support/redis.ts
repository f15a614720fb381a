import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { exited } from './children.ts';
import { needs, type Suite } from './needs.ts';
import { freePort } from './ports.ts';
import { ServerProcess, startUntil } from './server-process.ts';

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
export class RedisServer extends ServerProcess {
  readonly port: number;
  readonly #settings: RedisSettings;
  #control: Redis | null = null;

  private constructor(port: number, settings: RedisSettings) {
    super('redis');
    this.port = port;
    this.#settings = { ...FAST, ...settings };
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
    await this.run(serverCommand(), args, 'eady to accept connections');
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

  /** Ends it in order: it writes what it has to write. */
  async shutdown(): Promise<void> {
    await this.end('SIGTERM');
  }

  override async stop(): Promise<void> {
    this.#control?.disconnect();
    await super.stop();
  }
}

/** A process of the same program that is no server of data, once it has said that it is ready. Returns how to end it. */
export async function startRedisProcess(args: readonly string[], ready: string): Promise<() => Promise<void>> {
  const child = await startUntil(serverCommand(), args, ready);
  return async () => {
    child.kill('SIGKILL');
    await exited(child);
  };
}

/** A setting of several words is several arguments; an empty one is one. */
function words(value: string): string[] {
  return value === '' ? [''] : value.split(' ');
}
