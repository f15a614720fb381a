import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { needs, type Suite } from './needs.ts';
import { freePort } from './ports.ts';
import { ServerProcess } from './server-process.ts';

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
  /** Off: servers of a cluster do not tell clients of each other. */
  readonly advertises?: boolean;
  /** Bytes of a message at most. */
  readonly maxPayload?: number;
}

interface Member {
  readonly name: string;
  readonly routePort: number;
  readonly routes: readonly number[];
}

/** A private server on a free port with its own directory, gone with the process that started it. */
export class NatsServer extends ServerProcess {
  readonly port: number;
  readonly name: string;

  private constructor(port: number, settings: NatsSettings, member?: Member) {
    super('nats');
    this.port = port;
    this.name = member?.name ?? 'alone';
    writeFileSync(join(this.dir, 'server.conf'), configuration(this, settings, member));
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
    await this.run(COMMAND, ['-c', join(this.dir, 'server.conf')], 'Server is ready');
  }

  connect(): Promise<NatsConnection> {
    // The driver waits that long for a server that was killed while it greeted; its default of 20 s is longer than a test's request.
    const timeout = 1_000;
    return connect({ servers: this.url, timeout, reconnectTimeWait: 50, maxReconnectAttempts: -1 });
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
}

function configuration({ port, dir, name }: NatsServer, settings: NatsSettings, member?: Member): string {
  const { jetstream = true, lines = [], advertises = true, maxPayload } = settings;
  return [
    `listen: "127.0.0.1:${String(port)}"`,
    `server_name: ${name}`,
    `pid_file: "${join(dir, 'pid')}"`,
    ...(jetstream ? [`jetstream { store_dir: "${join(dir, 'js')}" }`] : []),
    ...(maxPayload === undefined ? [] : [`max_payload: ${String(maxPayload)}`]),
    ...(member
      ? [
          `cluster { name: tidemark, listen: "127.0.0.1:${String(member.routePort)}", no_advertise: ${String(!advertises)}, routes: [`,
          ...member.routes.map((route) => `  "nats://127.0.0.1:${String(route)}"`),
          ']}',
        ]
      : []),
    ...lines,
  ].join('\n');
}
