import { NatsServer } from '../support/nats.ts';

export const STREAM = 'tidemark';
const ANSWER_MS = 1_000;

/** NATS servers that are one, with the stream that is the journal on all of them. */
export class Cluster {
  readonly servers: readonly NatsServer[];

  static async start(): Promise<Cluster> {
    // Clients would be told the servers' own addresses, and go past the lines of the run.
    return new Cluster(await NatsServer.cluster(3, { advertises: false }));
  }

  private constructor(servers: readonly NatsServer[]) {
    this.servers = servers;
  }

  get ports(): number[] {
    return this.servers.map(({ port }) => port);
  }

  /** The server that leads the journal's stream; any one while there is none. */
  async leader(): Promise<NatsServer> {
    const [first] = this.servers;
    const client = await first!.connect();
    try {
      const reply = await client.request(`$JS.API.STREAM.INFO.${STREAM}`, '', { timeout: ANSWER_MS });
      const { cluster } = reply.json<{ cluster?: { leader?: string } }>();
      return this.servers.find(({ name }) => name === cluster?.leader) ?? first!;
    } catch {
      return first!;
    } finally {
      await client.close();
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }
}
