import { spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterDeath, exited, startChild } from './children.ts';
import { needs, type Suite } from './needs.ts';
import { freePort } from './ports.ts';

const COMMAND = 'nats-server';

/** A `describe` for tests of NATS that knows how to be skipped. */
export function natsSuite(): Promise<Suite> {
  return needs('nats-server of version 2.9 or later in the PATH', () => {
    const { status, stdout } = spawnSync(COMMAND, ['--version']);
    const [, major, minor] = /v(\d+)\.(\d+)\./.exec(String(stdout)) ?? [];
    const isThere = status === 0 && (Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 9));
    return Promise.resolve(isThere ? null : 'it is not there');
  });
}

export interface NatsSettings {
  /** Off: a server without streams. */
  readonly jetstream?: boolean;
  /** Lines of the server's configuration. */
  readonly lines?: readonly string[];
  /** Bytes of a message at most. */
  readonly maxPayload?: number;
}

interface Member {
  readonly name: string;
  readonly routePort: number;
  readonly routes: readonly number[];
}

/** A private server on a free port with its own directory, gone with the process that started it. */
export class NatsServer {
  readonly port: number;
  readonly name: string;
  readonly dir = mkdtempSync(join(tmpdir(), 'tidemark-nats-'));
  readonly #callOff: () => void;
  #process: ChildProcess | null = null;

  private constructor(port: number, settings: NatsSettings, member?: Member) {
    this.port = port;
    this.name = member?.name ?? 'alone';
    writeFileSync(join(this.dir, 'server.conf'), configuration(this, settings, member));
    this.#callOff = afterDeath('kill -CONT $(cat "$1/pid"); kill -KILL $(cat "$1/pid"); rm -rf "$1"', [this.dir]);
    process.once('exit', this.#atExit);
  }

  static async start(settings: NatsSettings = {}): Promise<NatsServer> {
    const server = new NatsServer(await freePort(), settings);
    await server.start();
    return server;
  }

  /** Servers that are one; resolves once they have agreed on who leads. */
  static async cluster(size = 3, settings: NatsSettings = {}): Promise<NatsServer[]> {
    const ports = await Promise.all(Array.from({ length: size }, async () => [await freePort(), await freePort()]));
    const routes = ports.map(([, route = 0]) => route);
    const servers = ports.map(
      ([port = 0, routePort = 0], index) =>
        new NatsServer(port, settings, { name: `n${String(index + 1)}`, routePort, routes }),
    );
    await Promise.all(servers.map((server) => server.start()));
    await servers[0]?.ready();
    return servers;
  }

  get url(): string {
    return `nats://127.0.0.1:${String(this.port)}`;
  }

  /** Starts it, also after `crash`, in the same place and on what is in its directory. */
  async start(): Promise<void> {
    let log = '';
    const child = startChild(COMMAND, ['-c', join(this.dir, 'server.conf')], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    await new Promise<void>((resolve, reject) => {
      const read = (chunk: Buffer): void => {
        log += chunk.toString();
        if (log.includes('Server is ready')) resolve();
      };
      child.stdout?.on('data', read);
      child.stderr?.on('data', read);
      child.once('exit', () => {
        reject(new Error(`nats-server ended at once: ${log}`));
      });
      child.once('error', reject);
    });
  }

  connect(): Promise<NatsConnection> {
    return connect({ servers: this.url, reconnectTimeWait: 50, maxReconnectAttempts: -1 });
  }

  /** Resolves when JetStream answers. */
  async ready(): Promise<void> {
    const client = await this.connect();
    try {
      for (;;) {
        const reply = await client.request('$JS.API.INFO', '', { timeout: 1_000 }).catch(() => null);
        if (reply && !reply.string().includes('"error"')) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    } finally {
      await client.close();
    }
  }

  /** Kills it: what it has not given to the operating system is lost. */
  async crash(): Promise<void> {
    await this.#end('SIGKILL');
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

function configuration({ port, dir, name }: NatsServer, settings: NatsSettings, member?: Member): string {
  const { jetstream = true, lines = [], maxPayload } = settings;
  return [
    `listen: "127.0.0.1:${String(port)}"`,
    `server_name: ${name}`,
    `pid_file: "${join(dir, 'pid')}"`,
    ...(jetstream ? [`jetstream { store_dir: "${join(dir, 'js')}" }`] : []),
    ...(maxPayload === undefined ? [] : [`max_payload: ${String(maxPayload)}`]),
    ...(member
      ? [
          `cluster { name: tidemark, listen: "127.0.0.1:${String(member.routePort)}", routes: [`,
          ...member.routes.map((route) => `  "nats://127.0.0.1:${String(route)}"`),
          ']}',
        ]
      : []),
    ...lines,
  ].join('\n');
}
