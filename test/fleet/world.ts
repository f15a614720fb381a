import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { builtCli } from '../support/built.ts';
import { afterDeath } from '../support/children.ts';
import { Line } from '../support/line.ts';
import { freePort } from '../support/ports.ts';
import { PostgresServer } from '../support/postgres.ts';
import type { AppOptions, Written } from './app.ts';
import { Database } from './database.ts';
import { Judge } from './judge.ts';
import { Member, PIDS } from './member.ts';
import { RedisPair } from './pair.ts';
import { Seat } from './seat.ts';

export const BOUND_MS = 1_000;
const APPLICATIONS = 6;

/** A daemon, and the line over which it reads the database. */
export interface Relay {
  readonly member: Member;
  readonly port: number;
  readonly toPostgres: Line;
}

/** Everything that runs: servers, daemons, application processes, and the lines between them. */
export class World {
  readonly folder = mkdtempSync(join(tmpdir(), 'tidemark-fleet-'));
  readonly postgres: PostgresServer;
  readonly database: Database;
  readonly redis: RedisPair;
  readonly judge: Judge;
  readonly relays: Relay[] = [];
  readonly seats: Seat[] = [];
  readonly #callOff: () => void;

  /** `program`: the file that runs an application process when it is given `app` and its options. */
  static async start(program: string, seed: number): Promise<World> {
    const postgres = await PostgresServer.start(18);
    const world = new World(postgres, await Database.start(postgres), await RedisPair.start(await Line.open()));
    await world.#relay('relay-1');
    for (let i = 1; i <= APPLICATIONS; i++) await world.#seat(`app-${i}`, program, seed);
    return world;
  }

  private constructor(postgres: PostgresServer, database: Database, redis: RedisPair) {
    this.postgres = postgres;
    this.database = database;
    this.redis = redis;
    this.judge = new Judge(database.history, BOUND_MS);
    this.#callOff = afterDeath('for one in "$1"/*; do kill -KILL $(basename "$one"); done; rm -rf "$2"', [
      join(this.folder, PIDS),
      this.folder,
    ]);
  }

  get members(): Member[] {
    return [...this.relays, ...this.seats].map(({ member }) => member);
  }

  /** Whether every application has applied all that could be seen at `time`. */
  provenSince(time: number): boolean {
    return this.seats.every(({ member, provenAt }) => member.isRunning && (provenAt ?? 0) > time);
  }

  async close(keepFolder: boolean): Promise<void> {
    await Promise.all(this.members.map((member) => member.end('SIGKILL')));
    await this.database.close();
    await Promise.all([this.postgres.stop(), this.redis.stop()]);
    const lines = [
      this.redis.line,
      ...this.relays.map(({ toPostgres }) => toPostgres),
      ...this.seats.map(({ line }) => line),
    ];
    await Promise.all(lines.map((line) => line.close()));
    this.#callOff();
    if (!keepFolder) rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async #relay(name: string): Promise<void> {
    const port = await freePort();
    const toPostgres = await Line.open(this.postgres.port);
    const args = [builtCli(), 'run', '--listen', `127.0.0.1:${port}`];
    const member = new Member(name, this.folder, { command: process.execPath, args, talks: false });
    writeFileSync(join(member.folder, 'tidemark.yaml'), stringify(this.#config(toPostgres)));
    this.relays.push({ member, port, toPostgres });
    member.start();
  }

  #config(toPostgres: Line): object {
    return {
      version: 1,
      journal: { type: 'sqlite', path: 'journal.db' },
      sources: {
        db: {
          type: 'postgres',
          url: `postgres://postgres@127.0.0.1:${toPostgres.port}/postgres`,
          tables: ['item'],
          heartbeat: 100,
        },
      },
      layers: {
        local: { type: 'memory' },
        shared: { type: 'redis', url: `redis://127.0.0.1:${this.redis.line.port}` },
      },
      namespaces: { item: { ttl: '10m', max_staleness: BOUND_MS, when_uncertain: 'bypass' } },
      contracts: [
        { name: 'item', trigger: 'item.*', actions: [{ delete_key: 'item:{id}' }, { purge_tag: 'group-{g}' }] },
      ],
    };
  }

  async #seat(name: string, program: string, seed: number): Promise<void> {
    const relay = this.relays[this.seats.length % this.relays.length]!;
    const line = await Line.open(relay.port);
    const options: AppOptions = {
      name,
      seed,
      url: `http://127.0.0.1:${line.port}`,
      database: this.postgres.url,
    };
    const member = new Member(name, this.folder, {
      command: program,
      args: ['app', JSON.stringify(options)],
      talks: true,
    });
    const seat = new Seat(member, line, this.judge, (written) => this.#passOn(seat, written));
    this.seats.push(seat);
    seat.start();
  }

  /** What one process has written, another one has to see. */
  #passOn(from: Seat, written: Written): void {
    const next = this.seats[(this.seats.indexOf(from) + 1) % this.seats.length];
    next?.order({ order: 'read', written });
  }
}
