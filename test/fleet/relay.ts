import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { builtCli } from '../support/built.ts';
import { Line } from '../support/line.ts';
import { freePort } from '../support/ports.ts';
import { Cable } from './cable.ts';
import { STREAM } from './cluster.ts';
import { Member } from './member.ts';

/** How old what is served may be. */
export const BOUND_MS = 1_000;

export interface RelayPlace {
  readonly root: string;
  readonly postgres: number;
  readonly nats: readonly number[];
  readonly redis: number;
}

/** A daemon, and the lines over which it reads the database and has the journal. */
export class Relay {
  readonly member: Member;
  readonly port: number;
  readonly toPostgres: Line;
  readonly toNats: Cable;

  static async start(name: string, { root, postgres, nats, redis }: RelayPlace): Promise<Relay> {
    const relay = new Relay(name, root, await freePort(), await Line.open(postgres), await Cable.open(nats));
    writeFileSync(join(relay.member.folder, 'tidemark.yaml'), stringify(relay.#config(redis)));
    relay.member.start();
    return relay;
  }

  private constructor(name: string, root: string, port: number, toPostgres: Line, toNats: Cable) {
    const args = [builtCli(), 'run', '--listen', `127.0.0.1:${port}`];
    this.member = new Member(name, root, { command: process.execPath, args, talks: false });
    this.port = port;
    this.toPostgres = toPostgres;
    this.toNats = toNats;
  }

  async close(): Promise<void> {
    await Promise.all([this.toPostgres.close(), this.toNats.close()]);
  }

  #config(redis: number): object {
    return {
      version: 1,
      journal: {
        type: 'nats',
        servers: this.toNats.urls,
        stream: STREAM,
        replicas: 3,
      },
      sources: {
        db: {
          type: 'postgres',
          url: `postgres://postgres@127.0.0.1:${this.toPostgres.port}/postgres`,
          tables: ['item'],
          heartbeat: 100,
        },
      },
      layers: { local: { type: 'memory' }, shared: { type: 'redis', url: `redis://127.0.0.1:${redis}` } },
      namespaces: { item: { ttl: '10m', max_staleness: BOUND_MS, when_uncertain: 'bypass' } },
      contracts: [
        { name: 'item', trigger: 'item.*', actions: [{ delete_key: 'item:{id}' }, { purge_tag: 'group-{g}' }] },
      ],
    };
  }
}
