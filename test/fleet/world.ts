import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterDeath } from '../support/children.ts';
import { Line } from '../support/line.ts';
import { PostgresServer } from '../support/postgres.ts';
import type { AppOptions, Written } from './app.ts';
import { Cable, type Hurtable } from './cable.ts';
import { Cluster } from './cluster.ts';
import { Database } from './database.ts';
import { Judge } from './judge.ts';
import { Member, PIDS } from './member.ts';
import { RedisPair } from './pair.ts';
import { BOUND_MS, Relay } from './relay.ts';
import { Seat } from './seat.ts';

const RELAYS = 2;
const APPLICATIONS = 6;

interface Servers {
  readonly postgres: PostgresServer;
  readonly database: Database;
  readonly nats: Cluster;
  readonly redis: RedisPair;
}

/** Everything that runs: servers, daemons, application processes, and the lines between them. */
export class World {
  readonly folder = mkdtempSync(join(tmpdir(), 'tidemark-fleet-'));
  readonly postgres: PostgresServer;
  readonly database: Database;
  readonly nats: Cluster;
  readonly redis: RedisPair;
  readonly judge: Judge;
  readonly relays: Relay[] = [];
  readonly seats: Seat[] = [];
  readonly #callOff: () => void;

  /** `program`: the file that runs an application process when it is given `app` and its options. */
  static async start(program: string, seed: number): Promise<World> {
    const postgres = await PostgresServer.start(18);
    const world = new World({
      postgres,
      database: await Database.start(postgres),
      nats: await Cluster.start(),
      redis: await RedisPair.start(await Line.open()),
    });
    for (let i = 1; i <= RELAYS; i++) await world.#relay(`relay-${i}`);
    for (let i = 1; i <= APPLICATIONS; i++) await world.#seat(`app-${i}`, program, seed);
    return world;
  }

  private constructor({ postgres, database, nats, redis }: Servers) {
    this.postgres = postgres;
    this.database = database;
    this.nats = nats;
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
    await Promise.all([this.postgres.stop(), this.nats.stop(), this.redis.stop()]);
    const lines = [this.redis.line, ...this.relays, ...this.seats.map(({ feed }) => feed)];
    await Promise.all(lines.map((line) => line.close()));
    this.#callOff();
    if (!keepFolder) rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async #relay(name: string): Promise<void> {
    const { folder: root, postgres, nats, redis } = this;
    const place = { root, postgres: postgres.port, nats: nats.ports, redis: redis.line.port };
    this.relays.push(await Relay.start(name, place));
  }

  async #seat(name: string, program: string, seed: number): Promise<void> {
    const { feed, url } = await this.#feed();
    const options: AppOptions = {
      name,
      seed,
      url,
      database: this.postgres.url,
    };
    const member = new Member(name, this.folder, {
      command: program,
      args: ['app', JSON.stringify(options)],
      talks: true,
    });
    const seat = new Seat(member, feed, this.judge, (written) => this.#passOn(seat, written));
    this.seats.push(seat);
    seat.start();
  }

  /** One in two reads the journal on NATS itself; the others are fed by whichever relay their connection leads to. */
  async #feed(): Promise<{ feed: Hurtable; url: AppOptions['url'] }> {
    if (this.seats.length % 2 === 0) {
      const cable = await Cable.open(this.nats.ports);
      return { feed: cable, url: cable.urls };
    }
    const line = await Line.open(...this.relays.map(({ port }) => port));
    return { feed: line, url: `http://127.0.0.1:${line.port}` };
  }

  /** What one process has written, another one has to see. */
  #passOn(from: Seat, written: Written): void {
    const next = this.seats[(this.seats.indexOf(from) + 1) % this.seats.length];
    next?.order({ order: 'read', written });
  }
}
